"""The stored conversations of the fake API: trees of items, in memory."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CHAT = "/v1/conversations/{chat}"
JsonObject = dict[str, Any]


@dataclass
class FakeChats:
    """Chats by id, the most recently used last, and their items in the order of storing."""

    chats: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    items: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])

    def routes(self) -> list[Route]:
        """Return the routes of a fake API."""
        return [
            Route("/v1/conversations", self._list),
            Route("/v1/conversations", self._create, methods=["POST"]),
            Route(CHAT, self._show),
            Route(CHAT, self._update, methods=["POST"]),
            Route(CHAT, self._delete, methods=["DELETE"]),
            Route(CHAT + "/items", self._items),
            Route(CHAT + "/export", self._export),
        ]

    def add(self, title: str) -> str:
        """Store a chat with one question, and return its id."""
        chat = self._new(title)
        self._append(chat, None, {"role": "user", "content": [{"type": "input_text", "text": title}]})
        return chat

    def store_answer(self, chat_request: JsonObject, sent_chunks: list[JsonObject], status: str) -> None:
        """Store a question and its answer, as the API does when an answer has ended."""
        options, question = chat_request["pincite"], chat_request["messages"][0]["content"]
        chat, parent = options["conversation"], options["parent"]
        parent_id = None if parent == chat else parent
        if parent_id is None or self.items[parent_id]["role"] != "user":
            asks = {"role": "user", "content": [{"type": "input_text", "text": question}]}
            parent_id = self._append(chat, parent_id, asks)
        self._append(chat, parent_id, _answer(chat_request, sent_chunks, status))
        self.chats[chat]["title"] = self.chats[chat]["title"] or question

    def path(self, chat: str) -> list[JsonObject]:
        """Return the items of the branch that is shown, the oldest first."""
        path: list[JsonObject] = []
        item = self.chats[chat]["current"]
        while item is not None:
            path.insert(0, self.items[item])
            item = self.items[item]["parent"]
        return [{**item, "versions": self._versions(item)} for item in path]

    def _new(self, title: str) -> str:
        chat = f"conv_{len(self.chats) + 1}"
        self.chats[chat] = {"id": chat, "object": "conversation", "title": title, "current": None, "items": 0}
        return chat

    def _append(self, chat: str, parent: str | None, item: JsonObject) -> str:
        id_ = f"msg_{len(self.items) + 1}"
        self.items[id_] = {"id": id_, "type": "message", "chat": chat, "parent": parent, **item}
        entry = self.chats.pop(chat)
        self.chats[chat] = {**entry, "current": id_, "items": entry["items"] + 1}
        return id_

    def _versions(self, item: JsonObject) -> list[str]:
        place = item["chat"], item["parent"]
        return [id_ for id_, other in self.items.items() if (other["chat"], other["parent"]) == place]

    def _newest_below(self, item: str) -> str:
        below = [id_ for id_, other in self.items.items() if other["parent"] == item]
        return max((self._newest_below(id_) for id_ in below), key=list(self.items).index, default=item)

    def _list(self, request: Request) -> Response:
        words = request.query_params.get("query", "").casefold().split()
        chats = [chat for chat in self.chats.values() if all(word in chat["title"].casefold() for word in words)]
        return list_response(chats[::-1], request)

    def _create(self, request: Request) -> Response:
        return JSONResponse(self.chats[self._new("")])

    def _show(self, request: Request) -> Response:
        chat = self.chats.get(request.path_params["chat"])
        return JSONResponse(chat) if chat else error_response(404, "there is no such conversation", "not_found")

    async def _update(self, request: Request) -> Response:
        chat, changes = self.chats[request.path_params["chat"]], await request.json()
        chat["title"] = changes.get("title", chat["title"])
        if "current" in changes:
            chat["current"] = self._newest_below(changes["current"])
        return JSONResponse(chat)

    def _delete(self, request: Request) -> Response:
        del self.chats[request.path_params["chat"]]
        return JSONResponse({"deleted": True})

    def _items(self, request: Request) -> Response:
        if request.path_params["chat"] not in self.chats:
            return error_response(404, "there is no such conversation", "not_found")
        path = self.path(request.path_params["chat"])
        return list_response(path if request.query_params.get("order") == "asc" else path[::-1], request)

    def _export(self, request: Request) -> Response:
        return Response(f"# {self.chats[request.path_params['chat']]['title']}", media_type="text/markdown")


def _answer(chat_request: JsonObject, sent_chunks: list[JsonObject], status: str) -> JsonObject:
    deltas = [choice["delta"] for chunk in sent_chunks for choice in chunk["choices"]]
    pincite = [chunk["pincite"] for chunk in sent_chunks if "mode" in chunk.get("pincite", {})]
    annotations = [{"source_state": "unchanged", **pin} for delta in deltas for pin in delta.get("annotations") or ()]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return {
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": annotations}],
        "pincite": {
            **(pincite[0] if pincite else {}),
            **(pincite[-1] if pincite else {}),
            "status": status,
            "error": None,
            "request": {"vector_stores": ["vs-1"], "model": chat_request["pincite"]["model"]},
        },
    }


def list_response(members: list[JsonObject], request: Request) -> Response:
    """Return the page of `members` that the request asks for, as OpenAI's list object."""
    after, limit = request.query_params.get("after"), int(request.query_params.get("limit", 100))
    start = 1 + [member["id"] for member in members].index(after) if after else 0
    data = members[start : start + limit]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": start + limit < len(members),
        }
    )


def error_response(status: int, message: str, code: str) -> Response:
    """Return an error in the API's shape."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status)
