"""D5, D6, D10, D11, D12: what is another's or private is not shown, what is deleted is gone, parts are sound."""

import os
import re
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import apsw
import httpx
from packaging.version import Version

from tests import test_layering
from tests.files import encrypt_pdf, write_pdf
from tests.scorecard.check import CannotRunError, Measured
from tests.scorecard.load_queue import body_of
from tests.scorecard.server import Server, cli, percentile, serve, upload

KEY = "canary-key-7f3a-0123456789abcdef"
CANARIES = {
    "text": "CANARYTEXT71",
    "name": "CANARYNAME72",
    "prompt": "CANARYPROMPT73",
    "title": "CANARYTITLE74",
    "password": "CANARYPASSWORD75",
    "key": KEY,
    "wrong key": "CANARYWRONGKEY76",
}
FLOORS = {
    "starlette": "1.1.0",
    "python-multipart": "0.0.27",
    "pypdf": "6.16.1",
    "lxml": "6.1.0",
    "streamlit": "1.67",
    "llama-cpp-python": "0.3.36",
    "huggingface-hub": "2.4.0",
    "transformers": "5.3.0",
    "jinja2": "3.1.6",
    "faiss-cpu": "1.15.1",
}
"""The first releases without a flaw that would reach us. A person keeps this table, as no advisory is asked for."""
SQLITE_FLOOR = "3.51.3"


def secret_file(folder: Path) -> bytes:
    """Return a PDF with a canary that a password opens."""
    plain = write_pdf(folder / "plain.pdf", [f"Secret {CANARIES['text']} of the pump."])
    encrypted = encrypt_pdf(
        plain, folder / "secret.pdf", user_password=CANARIES["password"], owner_password=CANARIES["password"]
    )
    return encrypted.read_bytes()


def nothing_private(folder: Path) -> Measured:
    """D6: logs, errors, temporary files and environments hold nothing of documents, questions and keys."""
    os.umask(0)
    temporary = folder / "tmp"
    temporary.mkdir(mode=0o700)
    problems: list[str] = []
    settings = {"PINCITE_API_KEY": KEY, "TMPDIR": str(temporary), "PINCITE_LOG_LEVEL": "info"}
    with serve(folder / "home", settings, page=True) as server:
        errors = list(_error_bodies(server, secret_file(folder)))
        for pid in server.workers():
            if KEY.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:80]
                if "ui.server" not in command:  # the page is a client and needs the key
                    problems.append(f"a worker has the key in its environment: {command}")
    lines = server.log.read_text(errors="replace")
    problems += [f"the {name} is in the log" for name, canary in CANARIES.items() if canary in lines]
    for told, body in errors:
        problems += [f"{told} repeats the {name}" for name, canary in CANARIES.items() if canary in body]
    problems += [f"temporary file {path.name}" for path in temporary.rglob("*") if path.is_file() and _has_canary(path)]
    for path in (server.home, *server.home.rglob("*")):
        mode, wanted = path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600
        problems += [f"{path.relative_to(server.home.parent)} has mode {mode:o}"] if mode & ~wanted else []
    figure = f"0 of {len(CANARIES)} canaries in {len(lines.splitlines())} log lines and {len(errors)} error bodies"
    return Measured(figure, problems)


def _has_canary(path: Path) -> bool:
    body = path.read_bytes()
    return any(canary.encode() in body for canary in CANARIES.values())


def _error_bodies(server: Server, secret: bytes) -> Iterator[tuple[str, str]]:
    """Go down every way on which something fails; yield what was said."""
    prompt, model = CANARIES["prompt"], server.model()
    with server.client() as client:
        server.add(f"{CANARIES['name']}.txt", f"A text with {CANARIES['text']}.".encode())
        server.add(f"{CANARIES['name']}.pdf", secret)
        server.add("broken.pdf", b"%PDF-1.7 " + CANARIES["text"].encode())
        server.add("broken.docx", b"PK\x03\x04" + CANARIES["text"].encode())
        documents = server.wait_until_read()
        failed = [each["id"] for each in documents if each["needs_password"]]
        for file_id in failed:
            path = f"/v1/vector_stores/docs/files/{file_id}/retry"
            client.post(path, json={"password": CANARIES["password"]}).raise_for_status()
        server.wait_until_read()
        chat = "/v1/chat/completions"
        yield "a long prompt", client.post(chat, json=body_of(model, prompt + " x" * 20_000)).text
        yield "a wrong temperature", client.post(chat, json={**body_of(model, prompt), "temperature": prompt}).text
        yield "wrong messages", client.post(chat, json={"model": model, "messages": prompt}).text
        yield "an unknown field", client.post(chat, json={**body_of(model, prompt), "grammar": prompt}).text
        yield "broken JSON", client.post(chat, content=f'{{"messages": "{prompt}', headers=_JSON).text
        yield "another media type", client.post(chat, content=prompt).text
        yield "a wrong role", client.post(chat, json={"model": model, "messages": [{"role": prompt}]}).text
        wrong = {"Authorization": f"Bearer {CANARIES['wrong key']}"}
        yield "a wrong key", client.get("/v1/models", headers=wrong).text
        yield "a wrong parameter", client.get("/v1/files", params={"limit": prompt}).text
        client.post("/v1/conversations", json={"title": CANARIES["title"]})
        question = body_of("docs/docs", f"What of {prompt} and {CANARIES['text']}?")
        client.post(chat, json=question).raise_for_status()
        client.get("/nowhere/" + CANARIES["title"])


_JSON = {"Content-Type": "application/json"}


def purged(folder: Path) -> Measured:
    """D12: what was deleted is nowhere in the home: at once as the route says, and after a purge."""
    problems: list[str] = []
    words = [CANARIES[name].encode() for name in ("text", "prompt", "title", "password", "name")]
    with serve(folder / "home") as server, server.client() as client:
        ids = [server.add(f"{CANARIES['name']}.txt", f"A pump with {CANARIES['text']}.".encode())]
        ids.append(server.add("secret.pdf", secret_file(folder)))
        server.wait_until_read()
        retry = f"/v1/vector_stores/docs/files/{ids[1]}/retry"
        client.post(retry, json={"password": CANARIES["password"]}).raise_for_status()
        server.wait_until_read()
        talk = client.post("/v1/conversations", json={"title": CANARIES["title"]}).json()["id"]
        question = {**body_of("docs/docs", f"The pump {CANARIES['prompt']}?"), "pincite": {"conversation": talk}}
        client.post("/v1/chat/completions", json=question)
        there = _where(server.home, words)
        for file_id in ids:
            client.delete(f"/v1/files/{file_id}").raise_for_status()
        client.delete(f"/v1/conversations/{talk}").raise_for_status()
        at_once = _where(server.home, words)
        purge = cli(server.home, "purge", "--yes")
        problems += [] if purge.returncode == 0 else [f"purge: {purge.stderr[-200:]}"]
        running = _where(server.home, words)
    stopped = _where(server.home, words)
    problems += [f"after the deletes {word} is in {files}" for word, files in at_once.items()]
    problems += [f"after the purge {word} is in {files}" for word, files in (running | stopped).items()]
    problems += [f"only {sorted(there)} were there before"] if len(there) < 4 else []
    figure = (
        f"of {len(there)} canaries {len(at_once)} are left after the deletes, {len(running)} after a purge, "
        f"{len(stopped)} after the stop"
    )
    return Measured(figure, problems)


def _where(home: Path, words: list[bytes]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in home.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            for word in words:
                if word in body or word.lower() in body or word.decode().encode("utf-16-le") in body:
                    found.setdefault(word.decode(), []).append(path.name)
    return found


def loaders_and_floors(folder: Path) -> Measured:
    """D11: nothing that executes what it loads is used, and no part is older than the last flaw that matters."""
    problems: list[str] = []
    laws = (
        test_layering.test_no_loader_of_foreign_code_is_used_anywhere,
        test_layering.test_there_is_no_unsafe_html_in_the_page,
    )
    for law in laws:
        try:
            law()
        except AssertionError as error:
            problems.append(f"{law.__name__}: {error}")
    versions = {name: metadata.version(name) for name in FLOORS} | {"sqlite": apsw.sqlite_lib_version()}
    for name, floor in {**FLOORS, "sqlite": SQLITE_FLOOR}.items():
        if Version(versions[name]) < Version(floor):
            problems.append(f"{name} is {versions[name]}, the floor is {floor}")
    return Measured(
        f"{len(test_layering.MODULES)} modules without such a loader; {len(versions)} floors hold", problems
    )


def model_fetch(folder: Path) -> Measured:
    """D10: a model that is fetched is used only when it is whole, and is written nowhere else."""
    said = cli(folder / "home", "models", "get", "--help")
    if said.returncode:
        raise CannotRunError(
            "nothing is fetched: models are put into models/ by hand, and no command or route loads one"
        )
    raise CannotRunError("`pincite models get` is there, and no hub of our own stands in for the real one yet")


def tenants(folder: Path) -> Measured:
    """D5: what belongs to another key is answered, byte for byte, as what does not exist."""
    with serve(folder / "home", {"PINCITE_API_KEY": KEY}) as server:
        keys = {name: _make_key(server, name) for name in ("ann", "bob")}
        if not all(keys.values()):
            return Measured("one key, one owner", ["there are no keys for several people"])
        ann, bob = (_client(server, key) for key in keys.values())
        with ann, bob:
            ids = _belongings(server, ann)
            compared, problems = _compare(server, bob, ids)
            problems += _leaks(bob, ids)
            ratio, cached = _prefix_ratio(ann, bob)
    problems += [f"first token on another's prefix: {ratio:.2f} of the usual"] if ratio < 1 / 1.1 else []
    problems += [f"{cached} prompts of another were cached"] if cached else []
    figure = (
        f"{compared} requests with another's ids answered as unknown ones; on another's prompt the first token took "
        f"{ratio:.2f} of the usual time, and {cached} were cached"
    )
    return Measured(figure, problems)


def _make_key(server: Server, name: str) -> str:
    made = cli(server.home, "keys", "create", name, "--json")
    found = re.search(r'"(?:key|secret|token)":\s*"([^"]+)"', made.stdout)
    return found[1] if made.returncode == 0 and found else ""


def _client(server: Server, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=120, trust_env=False)


def _belongings(server: Server, client: httpx.Client) -> dict[str, str]:
    """Make a collection, a document in it and a conversation; return their ids by the names of the parameters."""
    store = client.post("/v1/vector_stores", json={"name": "private"}).raise_for_status().json()["id"]
    file_id = upload(client, "private.txt", b"The secret pump is blue.")
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file_id}).raise_for_status()
    deadline = time.monotonic() + 120
    while client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "in_progress":
        if time.monotonic() > deadline:
            raise TimeoutError("the document is not read")
        time.sleep(0.2)
    items = [{"type": "message", "role": "user", "content": "A private question"}]
    talk = client.post("/v1/conversations", json={"title": "private", "items": items}).raise_for_status().json()["id"]
    item = client.get(f"/v1/conversations/{talk}/items").json()["data"][0]["id"]
    return {"store": store, "file_id": file_id, "conversation": talk, "item": item}


def _compare(server: Server, other: httpx.Client, ids: dict[str, str]) -> tuple[int, list[str]]:
    """Send every request with an id in its path, once with another's and once with none's; return what differs."""
    problems, compared = [], 0
    with server.client() as admin:
        described: dict[str, Any] = admin.get("/openapi.json").json()
    absent = {name: value[:-4] + "0000" for name, value in ids.items()}
    for path, methods in described["paths"].items():
        if not set(re.findall(r"{(\w+)", path)) & set(ids):
            continue
        for method in methods:
            compared += 1
            answers = []
            for chosen in (ids, absent):
                filled = _fill(path, chosen)
                response = other.request(method.upper(), filled, json=None if method == "get" else {})
                text = response.text
                for name, value in chosen.items():
                    text = text.replace(value, f"<{name}>")
                answers.append((response.status_code, text))
            if answers[0] != answers[1] or answers[0][0] < 400:
                problems.append(f"{method} {path}: {answers[0][0]} for another's, {answers[1][0]} for none's")
    return compared, problems


def _fill(path: str, ids: dict[str, str]) -> str:
    others = {"number": "1", "action": "pause"}
    return re.sub(r"{(\w+)}", lambda match: ids.get(match[1], others.get(match[1], "x")), path)


def _leaks(other: httpx.Client, ids: dict[str, str]) -> list[str]:
    """Return where another's things show in lists, searches and answers, or through an id in a body."""
    problems = []
    for path in ("/v1/files", "/v1/vector_stores", "/v1/conversations", "/v1/models"):
        text = other.get(path).text
        problems += [f"{path} shows another's {name}" for name, value in ids.items() if value in text]
        problems += [f"{path} shows a private name"] if "private" in text else []
    own = other.post("/v1/vector_stores", json={"name": "mine"}).raise_for_status().json()["id"]
    answers = {
        "another's file in a collection": other.post(
            f"/v1/vector_stores/{own}/files", json={"file_id": ids["file_id"]}
        ),
        "another's file in a new one": other.post(
            "/v1/vector_stores", json={"name": "new", "file_ids": [ids["file_id"]]}
        ),
        "a chat with another's collection": other.post(
            "/v1/chat/completions", json=body_of("docs/private", "secret pump")
        ),
        "a chat with its id": other.post("/v1/chat/completions", json=body_of(f"docs/{ids['store']}", "secret pump")),
        "another's conversation": other.post(
            "/v1/chat/completions",
            json={**body_of("docs/mine", "secret pump"), "pincite": {"conversation": ids["conversation"]}},
        ),
    }
    return [
        *problems,
        *(f"{what}: {answer.status_code}" for what, answer in answers.items() if answer.status_code < 400),
    ]


def _prefix_ratio(ann: httpx.Client, bob: httpx.Client, tries: int = 20) -> tuple[float, int]:
    """Return how long Bob waits on prompts that Ann has just sent, in parts of his wait on prompts that nobody has, and
    how many of Ann's prompts were cached for him.
    """
    model = next(each["id"] for each in ann.get("/v1/models").json()["data"] if not each["id"].startswith("docs/"))
    waits: dict[str, list[float]] = {"shared": [], "unseen": []}
    cached = 0
    for number in range(tries):
        prompts = {kind: f"{number:02} {kind} " + "prompt that a cache would keep " * 80 for kind in waits}
        _ask(ann, model, prompts["shared"])
        for kind in list(waits)[:: 1 if number % 2 else -1]:
            started = time.monotonic()
            usage = _ask(bob, model, prompts[kind])
            waits[kind].append(time.monotonic() - started)
            cached += usage["prompt_tokens_details"]["cached_tokens"] > usage["prompt_tokens"] / 2
    return percentile(waits["shared"], 0.5) / percentile(waits["unseen"], 0.5), cached


def _ask(client: httpx.Client, model: str, text: str) -> dict[str, Any]:
    response = client.post("/v1/chat/completions", json=body_of(model, text, max_tokens=1)).raise_for_status()
    usage: dict[str, Any] = response.json()["usage"]
    return usage
