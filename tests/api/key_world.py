"""Two people and two administrators on one server, and what the two people own."""

import io
import itertools
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.dialects.responses.events import ResponseFrame
from api.dialects.responses.requests import ResponsesRequest
from ingest.conversation_types import NewTurn
from ingest.library.part_uploads import UploadSpec
from ingest.principals import Principal
from ingest.types import Collection, FileAddition, StoredResponse
from tests.api.world import LoadedEmbedder, World, make_world
from tests.fakes import chunked
from tests.ingest.library_world import complete

SETTINGS_KEY = "a-long-key-of-the-settings"
STORED_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How often?"}]}
STORED_RESPONSE = (
    ResponseFrame("scripted", ResponsesRequest.model_validate({"input": "How often?", "background": True}).echo())
    .response("completed")
    .model_dump_json()
)
TEXT = "The pump of {} is oiled every 3 months."


@dataclass(frozen=True)
class Estate:
    """What somebody owns, by the kinds of ids that requests name."""

    collection: Collection
    ids: dict[str, str]


@dataclass
class KeyWorld:
    """An application with keys. `keys` has those of `anna`, `ben`, an administrator `boss`, and a revoked one."""

    world: World
    client: TestClient
    keys: dict[str, str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def send(self, who: str, method: str, path: str, **options: Any) -> Any:
        """Return the response to a request with somebody's key."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return self.client.request(method, path, headers=headers, **options)

    def settle(self, name: str) -> Estate:
        """Have somebody own a collection with a document, a file that is in none, and a conversation of two items."""
        number = next(self._numbers)
        self.world.services.library.resume_queue()
        library = self.world.services.as_principal(Principal(name)).library
        collection = self.world.services.as_principal(Principal(name)).create_collection(f"{name}-{number}")
        text = TEXT.format(f"{name} {number}")
        file = library.add_upload(f"{name}-{number}.txt", io.BytesIO(text.encode()))
        content = chunked(text)
        vectors = LoadedEmbedder().embed([text])
        assert complete(library, library.enqueue(collection.id, file.id), content, vectors) is not None
        batch = library.enqueue_batch(collection.id, [FileAddition(file.id)])
        spare = library.add_upload(f"{name}-{number}-spare.txt", io.BytesIO(b"spare %d" % number))
        response = StoredResponse(
            f"resp_{name}_{number}", STORED_RESPONSE, json.dumps([STORED_ITEM | {"id": f"msg_{name}_{number}"}])
        )
        library.put_response(response, ())
        conversation = library.create_conversation(f"{name} {number}").id
        turns = [NewTurn("user", "How often?"), NewTurn("assistant", "Every 3 months.")]
        question, answer = library.append_turns(conversation, None, turns)
        ids = {
            "store": collection.id,
            "store name": collection.name,
            "docs model": f"docs/{collection.name}",
            "document": file.id,
            "file": spare.id,
            "conversation": conversation,
            "question": question,
            "item": answer,
            "batch": batch.id,
            "response": response.id,
            "upload": self.world.services.part_uploads.create(name, UploadSpec("a.txt", 3, "assistants")).id,
            "input item": f"msg_{name}_{number}",
        }
        return Estate(collection, ids)

    def cancel_queued(self, name: str) -> None:
        """Leave nothing of somebody in the queue."""
        library = self.world.services.as_principal(Principal(name)).library
        for document in library.documents(statuses=["queued"]):
            library.cancel(document.collection_id, document.file_id)

    def look(self, name: str) -> list[Any]:
        """Return all that somebody has, as their library tells it."""
        library = self.world.services.as_principal(Principal(name)).library
        return [
            library.collections(),
            library.documents(),
            library.files(),
            library.conversations(),
            [library.turns(each.id) for each in library.conversations()],
            [library.collection_shares(each.id) for each in library.collections() if each.access == "owner"],
        ]


@contextmanager
def make_key_world(home: Path) -> Generator[KeyWorld, None, None]:
    """Build the world in `home`. Nobody reads its queue: what is added waits there."""
    with make_world(home, api_key=SETTINGS_KEY) as world:
        world.services.queue.start = lambda: None  # type: ignore[method-assign]
        with world.client() as client:
            yield _give_keys(world, client)


def _give_keys(world: World, client: TestClient) -> KeyWorld:
    library = world.services.library
    keys = {name: library.create_key(name) for name in ("anna", "ben", "revoked")}
    keys |= {"boss": library.create_key("boss", is_admin=True), "settings": SETTINGS_KEY, "bad": "pincite-x" * 5}
    library.revoke_key("revoked")
    return KeyWorld(world, client, keys)
