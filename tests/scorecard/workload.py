"""Clients that use a server as people do, and that remember what it has acknowledged."""

import random
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.scorecard.server import Server, search, upload

COLLECTION = "crowd"
MOST_FILES = 60
SAMPLE = 12


def text_of(word: str) -> bytes:
    """Return a document that alone has a word."""
    pages = [f"Report {word}, part {part}. The pump of {word} is oiled every {part + 2} months." for part in range(3)]
    return "\n\n".join(pages).encode()


class Workload:
    """What several clients have done. A step is one thing that a person does, chosen by the client's own dice.

    `problems` has what contradicts an acknowledgement while the server runs; `verify` looks at everything at rest.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.live: dict[str, str] = {}
        self.gone: dict[str, str] = {}
        self.conversations: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()
        self.problems: list[str] = []
        self._number = 0
        self._uncertain: set[str] = set()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Make the collection."""
        with self.server.client() as client:
            client.post("/v1/vector_stores", json={"name": COLLECTION})

    @contextmanager
    def clients(self, count: int, seed: int, pause_seconds: float = 0.05) -> Generator[None]:
        """Run so many clients inside the block; they end with it, or when the server is gone."""
        is_over = threading.Event()
        threads = [
            threading.Thread(target=self._run, args=(random.Random(f"{seed} {number}"), is_over, pause_seconds))
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join()

    def _run(self, dice: random.Random, is_over: threading.Event, pause_seconds: float) -> None:
        with self.server.client() as client:
            client.event_hooks["response"].append(lambda response: self._count(response.status_code))
            while not is_over.is_set():
                try:
                    self.step(client, dice)
                except httpx.TransportError:
                    return
                except httpx.HTTPStatusError as error:
                    status = error.response.status_code
                    if status not in (404, 409, 429, 503):
                        self.problems.append(f"{error.request.method} {error.request.url.path}: {status}")
                is_over.wait(pause_seconds)

    def _count(self, status: int) -> None:
        with self._lock:
            self.statuses[status] += 1

    def step(self, client: httpx.Client, dice: random.Random) -> None:
        """Do one thing."""
        choice = dice.random()
        if choice < 0.35 and len(self.live) < MOST_FILES:
            self.add(client)
        elif choice < 0.5 or len(self.live) >= MOST_FILES:
            self.delete(client, dice)
        elif choice < 0.8:
            self._search(client, dice)
        elif choice < 0.9:
            self._ask(client, dice)
        else:
            self.converse(client)

    def _next_word(self) -> str:
        with self._lock:
            self._number += 1
            return f"w{self._number}x"

    def add(self, client: httpx.Client) -> None:
        """Upload a file and have it read."""
        word = self._next_word()
        file_id = upload(client, f"{word}.txt", text_of(word))
        self._uncertain.add(file_id)
        client.post(f"/v1/vector_stores/{COLLECTION}/files", json={"file_id": file_id}).raise_for_status()
        self._uncertain.discard(file_id)
        self.live[file_id] = word

    def delete(self, client: httpx.Client, dice: random.Random) -> None:
        """Delete one of the files, if there is one."""
        with self._lock:
            if not self.live:
                return
            file_id = dice.choice(sorted(self.live))
            word = self.live.pop(file_id)
            self._uncertain.add(file_id)
        client.delete(f"/v1/files/{file_id}").raise_for_status()
        self.gone[file_id] = word

    def _search(self, client: httpx.Client, dice: random.Random) -> None:
        before, word = set(self.gone), self._some_word(dice)
        hits = {hit["file_id"] for hit in search(client, f"pump of {word}", COLLECTION)}
        self._note_ghosts("search", hits & before)

    def _ask(self, client: httpx.Client, dice: random.Random) -> None:
        before, word = set(self.gone), self._some_word(dice)
        message = {"role": "user", "content": f"How often is the pump of {word} oiled?"}
        body = {"model": f"docs/{COLLECTION}", "messages": [message], "max_tokens": 24}
        answer: dict[str, Any] = client.post("/v1/chat/completions", json=body).raise_for_status().json()
        cited = answer["choices"][0]["message"].get("annotations") or []
        self._note_ghosts("answer", {each.get("file_id", "") for each in cited} & before)

    def converse(self, client: httpx.Client) -> None:
        """Begin a conversation."""
        title = self._next_word()
        answer = client.post("/v1/conversations", json={"title": title}).raise_for_status().json()
        self.conversations[answer["id"]] = title

    def _some_word(self, dice: random.Random) -> str:
        return dice.choice(sorted({**self.live, **self.gone}.values()) or ["nothing"])

    def _note_ghosts(self, where: str, ghosts: set[str]) -> None:
        self.problems += [f"a {where} shows {self.gone[ghost]}, which was deleted before" for ghost in ghosts]

    def verify(self, dice: random.Random, *, is_thorough: bool) -> list[str]:
        """Return what of the acknowledged is not so. Thorough: everything is read and a sample is searched for."""
        if is_thorough:
            self.server.wait_until_read(COLLECTION)
        listed = {each["id"]: each["status"] for each in self.server.documents(COLLECTION)}
        problems = [f"{word} is lost" for file_id, word in self.live.items() if file_id not in listed]
        problems += [f"{word} is back" for file_id, word in self.gone.items() if file_id in listed]
        if is_thorough:
            known = {*self.live, *self._uncertain, *self.gone}
            bad = {file: status for file, status in listed.items() if status != "completed" and file in known}
            problems += [f"{self.live.get(file, file)} is {status}" for file, status in bad.items()]
            problems += self._not_found(dice)
        with self.server.client() as client:
            for conversation, title in self.conversations.items() if is_thorough else ():
                found = client.get(f"/v1/conversations/{conversation}")
                if found.status_code != httpx.codes.OK or found.json()["title"] != title:
                    problems.append(f"conversation {title} is lost")
        return problems

    def _not_found(self, dice: random.Random) -> list[str]:
        with self.server.client() as client:
            return [
                f"{word} is not found"
                for file_id, word in dice.sample(sorted(self.live.items()), min(SAMPLE, len(self.live)))
                if file_id not in {hit["file_id"] for hit in search(client, word, COLLECTION, 50)}
            ]


def run_for(workload: Workload, seconds: float, *, clients: int, seed: int) -> None:
    """Let clients work for so long."""
    with workload.clients(clients, seed):
        time.sleep(seconds)
