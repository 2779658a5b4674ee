"""F4, F5, F13, F14: bits flip in indexes, databases and backups, and homes come from another program or release."""

import random
import shutil
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx

from ingest.embedders.embedder import find_embedder
from ingest.storage.collections import encode_passport
from ingest.storage.schema import MIGRATIONS
from tests.faults import bit_rot
from tests.faults.steps import version_one
from tests.raw_database import BEFORE_MIGRATION, raw_database
from tests.scorecard.check import Measured
from tests.scorecard.server import Server, cli, search, serve, start, tiny_models
from tests.scorecard.tiny_embedder import write_embedder
from tests.scorecard.workload import COLLECTION, Workload

SEED = 20261201
DATABASE = "library.db"
WORDS = ("amber", "basalt", "cedar", "dahlia", "ebony", "fennel")


def index_rot(folder: Path, flips: int = 300, cuts: int = 50) -> Measured:
    """F4: whatever happens to a saved index is noticed before a search, and it is built again."""
    base = bit_rot.make_base(folder / "base")
    rotten = bit_rot.damage_index(base, folder / "rotten", flips=flips, cuts=cuts)
    swapped = bit_rot.swap_index(base, folder / "swapped")
    figure = (
        f"{flips} flips, {cuts} cuts, an older generation and another collection's file: all noticed and built again"
    )
    return Measured(figure, [*rotten, *swapped])


def database_rot(folder: Path, damages: int = 100) -> Measured:
    """F5: a damaged database is refused, or is served without new writes, or is sound in what it answers."""
    dice, seen, problems = random.Random(SEED), Counter[str](), []
    base = folder / "base"
    with serve(base) as server:
        for word in WORDS:
            server.add(f"{word}.txt", f"The {word} pump is oiled every month. ".encode() * 20)
        server.wait_until_read()
        expected = {word: _hits(server, word) for word in WORDS}
    for number in range(damages):
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(base, home)
        what = _damage(home / DATABASE, dice, number)
        outcome = _serve_damaged(home, expected)
        seen[outcome] += 1
        if outcome.startswith("wrong"):
            problems.append(f"damage {number} ({what}): {outcome}")
    told = ", ".join(f"{count} {what}" for what, count in seen.most_common())
    return Measured(f"{damages} damaged databases: {told} (seed {SEED})", problems)


def part_of_rot(folder: Path, share: float) -> Measured:
    """F5 with fewer databases."""
    return database_rot(folder, max(1, round(100 * share)))


def _damage(path: Path, dice: random.Random, number: int) -> str:
    """Flip one bit, or forty, or cut the end; return which."""
    body = bytearray(path.read_bytes())
    if number % 10 == 9:
        path.write_bytes(body[: dice.randrange(len(body))])
        return "cut"
    flips = 1 if number % 2 else 40
    for _ in range(flips):
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    path.write_bytes(body)
    return f"{flips} flips"


def _hits(server: Server, word: str) -> list[str]:
    with server.client() as client:
        return sorted(hit["content"][0]["text"] for hit in search(client, word, top=3) if word in hit["filename"])


def _serve_damaged(home: Path, expected: dict[str, list[str]]) -> str:
    try:
        server = start(home)
    except (RuntimeError, TimeoutError):
        said = home.with_name("home.log").read_text(errors="replace")
        home.with_name("home.log").unlink()
        if "Traceback" in said or "restore" not in said:
            return f"wrong: not served, without a word about restoring: {said[-160:]}"
        return "refused at the start"
    try:
        return _look_at(server, expected)
    finally:
        server.process.kill()
        server.process.wait()
        server.log.unlink()


def _look_at(server: Server, expected: dict[str, list[str]]) -> str:
    """Say what a server of a damaged database does: it must not take in more where a check finds damage."""
    with server.client() as client:
        answer = client.post("/v1/files", files={"file": ("new.txt", b"new")}, data={"purpose": "assistants"})
        try:
            same = all(_hits(server, word) == hits for word, hits in expected.items())
        except httpx.HTTPStatusError as error:
            same = error.response.status_code == httpx.codes.SERVICE_UNAVAILABLE
    if answer.status_code >= 500:
        said = answer.json()["error"]["message"]
        is_clear = answer.status_code in (503, 507) and ("check" in said or "restore" in said)
        return "refused for writing" if is_clear else f"wrong: an upload is a {answer.status_code}: {said}"
    if not same:
        return "wrong: written to, and another answer"
    return (
        "without effect on answers" if cli(server.home, "check").returncode == 0 else "wrong: damaged, and written to"
    )


def other_formats(folder: Path) -> Measured:
    """F13: another embedder is refused in words, an old home is brought up to date with a copy, a newer is refused."""
    problems = [*_other_embedders(folder), *_first_release(folder / "old"), *_future(folder / "new")]
    figure = (
        f"4 other embedders refused with what to do; a home of the first release brought to format {len(MIGRATIONS)} "
        "with a copy, searched; a newer format refused"
    )
    return Measured(figure, problems)


def _other_embedders(folder: Path) -> list[str]:
    """Another pooling, another prefix, other weights, and another width (the bundled model)."""
    problems: list[str] = []
    others = {
        "pooling": str(write_embedder(folder / "tiny-embedder.gguf", pooling="cls")),
        "prefix": str(write_embedder(folder / "nomic-embed-text-v1.5.Q8_0.gguf")),
        "weights": str(write_embedder(folder / "xlm.gguf", "xlm-roberta")),
        "width": "bundled",
    }
    home = folder / "home"
    with serve(home) as server:
        server.add("pump.txt", b"The pump is blue.")
        server.wait_until_read()
    for what, embedder in others.items():
        said = cli(home, "search", "pump", "--collection", "docs", "--local", PINCITE_EMBEDDER=embedder)
        if said.returncode == 0 or "rebuild" not in said.stderr or "Traceback" in said.stderr:
            problems.append(f"another {what}: exit {said.returncode}, {said.stderr[-200:]}")
    settings = {"PINCITE_EMBEDDER": others["pooling"]}
    with serve(home, settings) as server, server.client() as client:
        answer = client.post("/v1/vector_stores/docs/search", json={"query": "pump"})
        if answer.status_code != httpx.codes.CONFLICT or "rebuild" not in answer.text:
            problems.append(f"a search with another embedder: {answer.status_code} {answer.text[:200]}")
    return problems


def _first_release(home: Path) -> list[str]:
    """A home as the first release wrote it, but for vectors of the embedder that searches it now."""
    version_one(home)
    passport = find_embedder(tiny_models()["PINCITE_EMBEDDER"]).passport()
    with closing(raw_database(home / DATABASE)) as db:
        db.execute("UPDATE collections SET passport = ?", (encode_passport(passport),))
    with serve(home) as server, server.client() as client:
        statuses = {each["filename"]: each["status"] for each in server.documents("c")}
        hits = {hit["filename"] for hit in search(client, "blue pump", "c")}
        added = server.add("new.txt", b"A new valve.", "c")
        after = {each["id"]: each["status"] for each in server.wait_until_read("c")}
    problems = [] if statuses == {"1.txt": "completed", "2.txt": "completed"} else [f"the old home has {statuses}"]
    problems += [] if {"1.txt", "2.txt"} <= hits else [f"of the old home {hits} are found"]
    problems += [] if after[added] == "completed" else [f"a new document is {after[added]}"]
    problems += [] if (home / BEFORE_MIGRATION).exists() else ["no copy of the old home is kept"]
    said = cli(home, "check")
    return [*problems, *([] if said.returncode == 0 else [f"check: {said.stdout[-200:]}"])]


def _future(home: Path) -> list[str]:
    with serve(home) as server:
        server.add("pump.txt", b"The pump is blue.")
        server.wait_until_read()
    with closing(raw_database(home / DATABASE)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    said = cli(home, "documents", "ls")
    is_clear = said.returncode == 1 and "update Pincite" in said.stderr and "Traceback" not in said.stderr
    return [] if is_clear else [f"a newer format: exit {said.returncode}, {said.stderr[-200:]}"]


def backup_under_writes(folder: Path, seconds: float = 10, flips: int = 8) -> Measured:
    """F14: a backup that is made under writes is whole, is restored elsewhere, and a flipped bit in it is noticed."""
    problems: list[str] = []
    with serve(folder / "home") as server:
        workload = Workload(server)
        workload.begin()
        with workload.clients(3, SEED):
            time.sleep(seconds)
            before = dict(workload.live)
            made = cli(server.home, "backup", str(folder / "backup"))
            still = {file: word for file, word in before.items() if file in workload.live}
        if made.returncode:
            return Measured("no backup was made", [made.stderr[-300:]])
    copy = next((folder / "backup").iterdir()) if not _is_backup(folder / "backup") else folder / "backup"
    problems += _exit_0("verify", cli(folder / "home", "backup", "--verify", str(copy)))
    restored = folder / "elsewhere"
    problems += _exit_0("restore", cli(restored, "restore", str(copy)))
    problems += _exit_0("check", cli(restored, "check"))
    with serve(restored) as server:
        listed = {each["id"]: each for each in server.wait_until_read(COLLECTION)}
        problems += [f"{word} is not in the backup" for file, word in still.items() if file not in listed]
        problems += [
            f"{each['filename']} is {each['status']}" for each in listed.values() if each["status"] != "completed"
        ]
        with server.client() as client:
            lost = [word for file, word in still.items() if file not in _found(client, word)]
        problems += [f"{word} is not found" for word in lost]
    problems += _unnoticed(copy, flips)
    figure = f"{len(listed)} documents restored and searched, {len(still)} of them known; {flips} flipped bits noticed"
    return Measured(figure, problems)


def _found(client: httpx.Client, word: str) -> set[str]:
    return {hit["file_id"] for hit in search(client, word, COLLECTION, 50)}


def _is_backup(folder: Path) -> bool:
    return any(path.is_file() for path in folder.iterdir())


def _exit_0(what: str, said: "subprocess.CompletedProcess[str]") -> list[str]:
    text = said.stderr + said.stdout
    return [] if said.returncode == 0 else [f"{what}: exit {said.returncode}, {text[-200:]}"]


def _unnoticed(copy: Path, flips: int) -> list[str]:
    """Flip one bit in some files of a backup, one after the other; return those that a verification takes as whole."""
    dice, problems = random.Random(SEED), []
    files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
    for path in dice.sample(files, min(flips, len(files))):
        whole = path.read_bytes()
        bit_rot.flip(path, dice)
        said = cli(copy.parent, "backup", "--verify", str(copy))
        problems += [f"a flip in {path.name} was not noticed"] if said.returncode == 0 else []
        path.write_bytes(whole)
    return problems
