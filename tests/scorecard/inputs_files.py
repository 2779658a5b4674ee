"""B3, B4, B5, B9: files that are damaged, that point elsewhere, that are named to hurt, or are not what they say."""

import random
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx

from tests.office_files import read_members, write_zip
from tests.scorecard.check import Measured
from tests.scorecard.doors_http import listener
from tests.scorecard.names import TARGETS, hostile
from tests.scorecard.seeds import MAKERS, make_seeds, mutants
from tests.scorecard.server import PARSER, Server, memory_mb, serve

SEED = 20261201
OUR_FAULT = "a fault of Pincite"
MEMORY_MB = 3_072
CANARY = "CANARY-OF-A-LOCAL-FILE"


def damaged_files(folder: Path, each: int = 200) -> Measured:
    """B3: chance changes of sound files end as done, with a warning or with a listed reason, within the limits."""
    temporary, dice = folder / "tmp", random.Random(SEED)
    temporary.mkdir()
    problems: list[str] = []
    outcomes: Counter[str] = Counter()
    peak = 0.0
    seeds = make_seeds(folder / "seeds")
    with serve(folder / "home", {"TMPDIR": str(temporary)}) as server:
        pid = server.process.pid
        for suffix, bodies in seeds.items():
            for number, body in enumerate(mutants(bodies, each, dice)):
                server.add(f"{number}.{suffix}", body, suffix)
            for document in _wait_and_watch(server, suffix, peaks := [0.0]):
                reason = (document["last_error"] or {}).get("message", "")
                outcomes["warning" if document["warning"] else document["status"]] += 1
                if OUR_FAULT in reason or document["status"] not in ("completed", "failed"):
                    problems.append(f"{document['filename']}: {document['status']} {reason}")
            peak = max(peak, *peaks)
            with server.client() as client:
                client.delete(f"/v1/vector_stores/{suffix}").raise_for_status()
        problems += [] if server.process.poll() is None and server.process.pid == pid else ["the server ended"]
    lying = [path.name for path in temporary.rglob("*") if path.is_file()]
    problems += [f"temporary files stay: {lying[:3]}"] if lying else []
    problems += [f"a parser used {peak:.0f} MB"] if peak > MEMORY_MB else []
    told = ", ".join(f"{count} {what}" for what, count in outcomes.most_common())
    return Measured(
        f"{each} mutants of {len(seeds)} formats: {told}; parsers at most {peak:.0f} MB (seed {SEED})", problems
    )


def part_of_mutants(folder: Path, share: float) -> Measured:
    """B3 with fewer mutants of each format."""
    return damaged_files(folder, max(1, round(200 * share)))


def _wait_and_watch(server: Server, collection: str, peaks: list[float]) -> list[dict[str, Any]]:
    """Wait until a collection is read; note the most memory that a parser had."""
    while True:
        peaks[0] = max(peaks[0], *(memory_mb(pid, "VmHWM") for pid in server.workers(PARSER)), 0.0)
        try:
            return server.wait_until_read(collection, 5)
        except TimeoutError:
            continue


def external_entities(folder: Path) -> Measured:
    """B4: no document makes the reader open a local file or an address."""
    (folder / "canary.txt").write_text(CANARY)
    problems: list[str] = []
    with listener() as (port, hits), serve(folder / "home") as server, server.client() as client:
        files = list(_pointing_files(folder, port))
        for name, body in files:
            server.add(name, body)
        documents = server.wait_until_read()
        for document in documents:
            if document["status"] == "completed":
                text = client.get(f"/v1/vector_stores/docs/files/{document['id']}/content").text
                problems += [f"{document['filename']} shows the local file"] if CANARY in text else []
        statuses = Counter(document["status"] for document in documents)
    problems += [f"{len(hits)} connections to the listener"] if hits else []
    formats = {name.rsplit(".", 1)[1] for name, _ in files}
    figure = f"{len(files)} files in {len(formats)} formats: listener {len(hits)} hits"
    return Measured(f"{figure}; {dict(statuses)}", problems)


def _pointing_files(folder: Path, port: int) -> Iterator[tuple[str, bytes]]:
    address, local = f"http://127.0.0.1:{port}/x", (folder / "canary.txt").as_uri()
    prologues = {
        "entity": '<!DOCTYPE r [<!ENTITY x SYSTEM "{}">]>',
        "parameter": '<!DOCTYPE r [<!ENTITY % x SYSTEM "{}"> %x;]>',
        "dtd": '<!DOCTYPE r SYSTEM "{}">',
        "stylesheet": '<?xml-stylesheet type="text/xsl" href="{}"?>',
    }
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}" parse="text"/>'
    seeds = make_seeds(folder / "seeds", 1)
    for place in (address, local):
        kind = "net" if place == address else "file"
        for name, form in prologues.items():
            text = f'<?xml version="1.0"?>{form.format(place)}<r>&x; {include.format(place)} words</r>'
            for suffix in ("xml", "html", "svg", "xhtml"):
                yield f"{kind} {name}.{suffix}", text.encode()
            for suffix in ("docx", "xlsx", "pptx", "odt", "ods", "epub"):
                yield f"{kind} {name}.{suffix}", _in_every_part(seeds[suffix][0], form.format(place), folder)
        yield f"{kind} picture.md", f"![x]({place}) [x]: {place}\n<img src='{place}'>".encode()
        yield (
            f"{kind} links.html",
            f"<img src='{place}'><link rel=stylesheet href='{place}'><iframe src='{place}'>x".encode(),
        )


def _in_every_part(body: bytes, prologue: str, folder: Path) -> bytes:
    """Put a document type before the root of every XML part, and name its entity in the text."""
    path = folder / "container"
    path.write_bytes(body)
    members: dict[str, str | bytes] = {}
    for name, content in read_members(path).items():
        text = content.decode("utf-8", "replace")
        if name.endswith((".xml", ".rels", ".opf", ".xhtml", ".ncx")):
            head, mark, rest = text.partition("?>") if text.startswith("<?xml") else ("", "", text)
            members[name] = (
                head + mark + prologue + rest.replace("</w:t>", "&x;</w:t>").replace("</text:p>", "&x;</text:p>")
            )
        else:
            members[name] = content
    return write_zip(path, members).read_bytes()


def hostile_names(folder: Path) -> Measured:
    """B5: no name, of an upload, a member, a collection or a model, leads out of the home or is taken for another."""
    problems: list[str] = []
    seen: Counter[str] = Counter()
    names = list(dict.fromkeys(hostile()))
    home = folder / "in" / "side" / "home"
    with serve(home) as server, server.client() as client:
        client.post("/v1/vector_stores", json={"name": "docs"})
        for number, name in enumerate(names):
            outcome = _round_trip(client, name, f"Body {number}.".encode(), problems)
            seen[outcome] += 1
        for name in names:
            for path, body in (
                ("/v1/vector_stores", {"name": name}),
                ("/api/v1/models/load", {"model": name}),
                ("/v1/vector_stores/docs/files", {"file_id": name}),
            ):
                status = _status(client, path, body)
                problems += [f"{path} with {name!r}: {status}"] if status >= 500 else []
        members = _upload_containers(server, names)
        server.wait_until_read("members")
    outside = sorted(_outside(folder, home))
    problems += [f"written outside of the home: {outside[:3]}"] if outside else []
    told = ", ".join(f"{count} {what}" for what, count in seen.most_common())
    figure = f"{len(names)} names in uploads ({told}), collections, models and ids, {members} as members; none outside"
    return Measured(figure, problems)


def _outside(folder: Path, home: Path) -> Iterator[str]:
    """Yield what lies in a check's folder beside the home and its log, and what a name may have left above."""
    for path in folder.rglob("*"):
        if not (path == home or home in path.parents or path in (*home.parents, home.with_name("home.log"))):
            yield str(path)
    for above in folder.parents:
        yield from (str(above / target) for target in TARGETS[1:] if (above / target).exists())


def _status(client: httpx.Client, path: str, body: dict[str, str]) -> int:
    try:
        return client.post(path, json=body).status_code
    except UnicodeEncodeError:  # a lone surrogate, which JSON in UTF-8 cannot have
        return 0


def _round_trip(client: httpx.Client, name: str, body: bytes, problems: list[str]) -> str:
    """Upload under a name, list, fetch and delete; say whether it was kept."""
    try:
        made = client.post("/v1/files", files={"file": (name, body)}, data={"purpose": "assistants"})
    except (UnicodeEncodeError, httpx.LocalProtocolError):
        return "not sent"
    if made.status_code >= 500:
        problems.append(f"upload of {name!r}: {made.status_code}")
    if made.status_code != httpx.codes.OK:
        return "refused"
    file_id = made.json()["id"]
    got = client.get(f"/v1/files/{file_id}/content")
    if got.content != body:
        problems.append(f"{name!r} has another content")
    if any(sign in got.headers.get("content-disposition", "") for sign in "\r\n"):
        problems.append(f"{name!r} writes a header")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in made.json()["filename"]):
        problems.append(f"{name!r} is listed with control characters")
    if client.delete(f"/v1/files/{file_id}").status_code != httpx.codes.OK:
        problems.append(f"{name!r} cannot be deleted")
    return "kept"


def _upload_containers(server: Server, names: list[str]) -> int:
    """Upload books, office files and mails whose members and attachments have such names; return how many."""
    count = 0
    for start in range(0, len(names), 50):
        some = [name for name in names[start : start + 50] if name.isprintable() and name]
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("mimetype", "application/epub+zip")
            for name in dict.fromkeys(some):
                archive.writestr(name, "<html><body>pincite was here</body></html>")
        server.add(f"{start}.epub", out.getvalue(), "members")
        server.add(f"{start}.docx", out.getvalue(), "members")
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "a@example.org", "names"
        mail.set_content("attached")
        for name in some:
            mail.add_attachment(b"pincite was here", maintype="text", subtype="plain", filename=name)
        server.add(f"{start}.eml", bytes(mail), "members")
        count += 3 * len(some)
    return count


def wrong_content(folder: Path) -> Measured:
    """B9: a file that cannot be read as what it says is never passed over: it fails, or is warned of."""
    problems: list[str] = []
    seen: Counter[str] = Counter()
    with serve(folder / "home") as server:
        cases = {name: (body, allowed) for name, body, allowed in _wrong_files(folder)}
        for name, (body, _) in cases.items():
            server.add(name, body)
        for document in server.wait_until_read():
            name = document["filename"]
            reason = (document["last_error"] or {}).get("message", "")
            outcome = "failed" if document["status"] == "failed" else "warned" if document["warning"] else "read"
            seen[outcome] += 1
            if outcome not in cases[name][1]:
                problems.append(f"{name}: {outcome}, {document['chunks']} chunks")
            if outcome == "failed" and (not reason or OUR_FAULT in reason):
                problems.append(f"{name}: failed with {reason!r}")
    told = ", ".join(f"{count} {what}" for what, count in seen.most_common())
    return Measured(f"{len(cases)} files: {told}", problems)


FAILS, TOLD, ANY = {"failed"}, {"failed", "warned"}, {"failed", "warned", "read"}


def _wrong_files(folder: Path) -> Iterator[tuple[str, bytes, set[str]]]:
    seeds = {suffix: bodies[0] for suffix, bodies in make_seeds(folder / "seeds", 1).items()}
    binary = ("pdf", "docx", "pptx", "xlsx", "odt", "ods", "odp", "epub", "parquet", "png", "jpg")
    for suffix in {name.rsplit(".", 1)[-1] for name in MAKERS} - {"py"}:
        yield f"empty.{suffix}", b"", FAILS
    for suffix in binary:
        yield f"cut.{suffix}", seeds[suffix][: len(seeds[suffix]) // 2], TOLD
        yield f"noise.{suffix}", random.Random(SEED).randbytes(3_000), FAILS
        yield f"head only.{suffix}", seeds[suffix][:8], FAILS
    for suffix, other in (
        ("pdf", "docx"),
        ("docx", "pdf"),
        ("txt", "pdf"),
        ("csv", "xlsx"),
        ("pdf", "txt"),
        ("png", "jpg"),
    ):
        yield f"{other} called.{suffix}", seeds[other], ANY
    yield "polyglot.pdf", seeds["pdf"] + seeds["docx"], ANY
    yield "zip.zip", seeds["docx"][:4] + b"rest", FAILS
    yield "program.txt", b"\x7fELF" + bytes(2_000), FAILS
    yield "utf-16 without mark.txt", "The pump is oiled every month. Ölstand.".encode("utf-16-le") * 5, ANY
    yield "invalid utf-8.txt", b"The pump is \xff\xfe\xfd oiled \xc3( every month. \x80\x81" * 4, TOLD
    yield "nul.txt", b"The pump\0is oiled\0" * 20, TOLD
    yield "spaces.txt", b" \n\t" * 500, FAILS
    yield "one line.csv", b"only,a,header\n", ANY
    yield "broken.json", b'{"a": [1, 2', TOLD
    yield "not a list.jsonl", b'{"a": 1}\nnot json\n{"b": 2}\n', TOLD
    yield "markup only.html", b"<html><body><script>x()</script></body></html>", FAILS
