"""Three people on one server, in any order of requests: each sees and changes what is their own or shared with them.

A plain model says what every request should be answered; the real application is asked in process.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.api.key_world import KeyWorld
from tests.api.world import make_world

pytestmark = pytest.mark.slow

NAMES = ("anna", "ben", "cleo")
PEOPLE = st.sampled_from(NAMES)
NUMBERS = st.integers(0, 99)
OK, NO_KEY, NOT_YOURS, ABSENT = 200, 401, 403, 404


@dataclass
class Store:
    """A collection as the model has it."""

    owner: str
    name: str
    shares: dict[str, str] = field(default_factory=dict[str, str])
    files: set[str] = field(default_factory=set[str])

    def access_of(self, who: str) -> str | None:
        return "owner" if who == self.owner else self.shares.get(who)


class ThreePeople(RuleBasedStateMachine):
    """The application beside the model: stores with their shares, files and conversations, and whose they are."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.model: dict[str, Store] = {}
        self.owner_of_file: dict[str, str] = {}
        self.owner_of_conversation: dict[str, str] = {}
        self.ids: dict[str, list[str]] = {"store": [], "file": [], "conversation": []}  # deleted ones too
        self.number = 0

    @initialize()
    def settle(self) -> None:
        """Everybody has a store with a file, which one other may read and the other write to, and a conversation."""
        self.stack.enter_context(pytest.MonkeyPatch.context()).setattr("api.http.keys.FRESH_SECONDS", 0.0)
        home = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "home"
        world = self.stack.enter_context(make_world(home))
        world.services.queue.start = lambda: None  # type: ignore[method-assign]  # what is added waits
        self.library = world.services.library
        keys = {name: self.library.create_key(name) for name in NAMES}
        self.server = KeyWorld(world, self.stack.enter_context(world.client()), keys)
        for index, who in enumerate(NAMES):
            self.make_store(who)
            self.upload(who)
            self.converse(who)
            self.add(who, index, index)
            self.share(who, index, NAMES[index - 1], "read")
            self.share(who, index, NAMES[index - 2], "write")

    def teardown(self) -> None:
        self.stack.close()

    def ask(self, who: str, method: str, path: str, expected: int, **options: Any) -> Any:
        """Send a request as somebody, which has to be answered as the model says."""
        response = self.server.send(who, method, path, **options)
        assert response.status_code == expected, (who, method, path, response.text)
        return response.json()

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind} {self.number}"

    def pick(self, kind: str, number: int) -> str:
        """Return an id of a kind, which may be of what was deleted."""
        return self.ids[kind][number % len(self.ids[kind])]

    def to_own(self, who: str, store: str) -> int:
        """Return the status of what only the owner of a store may do."""
        access = self.model[store].access_of(who) if store in self.model else None
        return {"owner": OK, None: ABSENT}.get(access, NOT_YOURS)

    def to_write(self, who: str, store: str) -> int:
        access = self.model[store].access_of(who) if store in self.model else None
        return {"read": NOT_YOURS, None: ABSENT}.get(access, OK)

    @rule(who=PEOPLE)
    def make_store(self, who: str) -> None:
        name = self.name("store")
        made = self.ask(who, "POST", "/v1/vector_stores", OK, json={"name": name})
        self.model[made["id"]] = Store(who, name)
        self.ids["store"].append(made["id"])

    @rule(who=PEOPLE)
    def upload(self, who: str) -> None:
        name = self.name("file")
        parts = {"files": {"file": (f"{name}.txt", name.encode())}, "data": {"purpose": "assistants"}}
        made = self.ask(who, "POST", "/v1/files", OK, **parts)
        self.owner_of_file[made["id"]] = who
        self.ids["file"].append(made["id"])

    @rule(who=PEOPLE)
    def converse(self, who: str) -> None:
        made = self.ask(who, "POST", "/v1/conversations", OK, json={"title": self.name("talk")})
        self.owner_of_conversation[made["id"]] = who
        self.ids["conversation"].append(made["id"])

    @rule(who=PEOPLE, store_number=NUMBERS, file_number=NUMBERS)
    def add(self, who: str, store_number: int, file_number: int) -> None:
        store = self.pick("store", store_number)
        file = self.pick("file", file_number)
        expected = self.to_write(who, store)
        if expected == OK and self.owner_of_file.get(file) != who and file not in self.model[store].files:
            expected = ABSENT  # another's file, but for one that is in the shared store already
        self.ask(who, "POST", f"/v1/vector_stores/{store}/files", expected, json={"file_id": file})
        if expected == OK:
            self.model[store].files.add(file)

    @rule(who=PEOPLE, store_number=NUMBERS, file_number=NUMBERS)
    def take_out(self, who: str, store_number: int, file_number: int) -> None:
        store = self.pick("store", store_number)
        file = self.pick("file", file_number)
        is_there = store in self.model and file in self.model[store].files
        expected = self.to_write(who, store) if is_there else ABSENT
        self.ask(who, "DELETE", f"/v1/vector_stores/{store}/files/{file}", expected)
        if expected == OK:
            self.model[store].files.discard(file)

    @rule(who=PEOPLE, file_number=NUMBERS)
    def delete_file(self, who: str, file_number: int) -> None:
        file = self.pick("file", file_number)
        expected = OK if self.owner_of_file.get(file) == who else ABSENT
        self.ask(who, "DELETE", f"/v1/files/{file}", expected)
        if expected == OK:
            del self.owner_of_file[file]
            for store in self.model.values():
                store.files.discard(file)

    @rule(who=PEOPLE, store_number=NUMBERS)
    def rename(self, who: str, store_number: int) -> None:
        store = self.pick("store", store_number)
        name, expected = self.name("renamed"), self.to_own(who, store)
        self.ask(who, "POST", f"/v1/vector_stores/{store}", expected, json={"name": name})
        if expected == OK:
            self.model[store].name = name

    @rule(who=PEOPLE, store_number=NUMBERS)
    def delete_store(self, who: str, store_number: int) -> None:
        store = self.pick("store", store_number)
        expected = self.to_own(who, store)
        self.ask(who, "DELETE", f"/v1/vector_stores/{store}", expected)
        if expected == OK:
            del self.model[store]

    @rule(who=PEOPLE, store_number=NUMBERS, whom=PEOPLE, access=st.sampled_from(("read", "write")))
    def share(self, who: str, store_number: int, whom: str, access: str) -> None:
        store = self.pick("store", store_number)
        if whom == who:
            return
        expected = self.to_own(who, store)
        body = {"principal": whom, "access": access}
        self.ask(who, "POST", f"/v1/vector_stores/{store}/shares", expected, json=body)
        if expected == OK:
            self.model[store].shares[whom] = access

    @rule(who=PEOPLE, store_number=NUMBERS, whom=PEOPLE)
    def end_share(self, who: str, store_number: int, whom: str) -> None:
        store = self.pick("store", store_number)
        if store in self.model and whom not in self.model[store].shares:
            return
        expected = self.to_own(who, store)
        if expected == NOT_YOURS and whom == who:  # one may give up what is shared with oneself
            expected = OK
        self.ask(who, "DELETE", f"/v1/vector_stores/{store}/shares/{whom}", expected)
        if expected == OK:
            del self.model[store].shares[whom]

    @rule(who=PEOPLE, conversation_number=NUMBERS, is_deleted=st.booleans())
    def change_conversation(self, who: str, conversation_number: int, *, is_deleted: bool) -> None:
        conversation = self.pick("conversation", conversation_number)
        expected = OK if self.owner_of_conversation.get(conversation) == who else ABSENT
        path = f"/v1/conversations/{conversation}"
        if not is_deleted:
            self.ask(who, "POST", path, expected, json={"title": self.name("renamed")})
            return
        self.ask(who, "DELETE", path, expected)
        if expected == OK:
            del self.owner_of_conversation[conversation]

    @rule(who=PEOPLE, store_number=NUMBERS)
    def revoke_and_renew(self, who: str, store_number: int) -> None:
        """A key that was revoked opens nothing, and never again; a new one of the name opens what there was."""
        store = self.pick("store", store_number)
        self.library.revoke_key(who)
        self.find_no_key(who, store)
        renewed = self.library.create_key(who)
        self.find_no_key(who, store)
        self.server.keys[who] = renewed

    def find_no_key(self, who: str, store: str) -> None:
        self.ask(who, "GET", "/v1/vector_stores", NO_KEY)
        self.ask(who, "POST", "/v1/vector_stores", NO_KEY, json={"name": self.name("store")})
        self.ask(who, "DELETE", f"/v1/vector_stores/{store}", NO_KEY)

    @rule(who=PEOPLE, store_number=NUMBERS)
    def look_into(self, who: str, store_number: int) -> None:
        """What is in a store, and a search of it, are for those who may read it."""
        store = self.pick("store", store_number)
        seen = store in self.model and self.model[store].access_of(who) is not None
        listed = self.ask(who, "GET", f"/v1/vector_stores/{store}/files", OK if seen else ABSENT)
        query = {"query": "file"}
        self.ask(who, "POST", f"/v1/vector_stores/{store}/search", OK if seen else ABSENT, json=query)
        if seen:
            assert {each["id"] for each in listed["data"]} == self.model[store].files

    @invariant()
    def everybody_sees_exactly_what_is_theirs_or_shared_with_them(self) -> None:
        for who in NAMES:
            stores = {
                (id_, store.name, access) for id_, store in self.model.items() if (access := store.access_of(who))
            }
            files = {file for file, owner in self.owner_of_file.items() if owner == who}
            conversations = {each for each, owner in self.owner_of_conversation.items() if owner == who}
            listed = [self.ask(who, "GET", f"/v1/{kind}", OK) for kind in ("vector_stores", "files", "conversations")]
            assert {(each["id"], each["name"], each.get("access", "owner")) for each in listed[0]["data"]} == stores, (
                who
            )
            assert {each["id"] for each in listed[1]["data"]} == files, who
            assert {each["id"] for each in listed[2]["data"]} == conversations, who


TestThreePeople = ThreePeople.TestCase
TestThreePeople.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
