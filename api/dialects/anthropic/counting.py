"""Count the tokens of a request for a message."""

from api.dialects.anthropic.chats import BroughtChat
from api.dialects.anthropic.documents import read_texts
from api.http.sse import Pieces
from api.services import Services
from api.wire.base import DOCS_PREFIX, ResponseModel


class TokenCount(ResponseModel):
    """The tokens of a prompt."""

    input_tokens: int


def count_tokens(services: Services, chat: BroughtChat) -> Pieces:
    """Yield the number of tokens of a request with the whole text of its documents, at the end.

    Those of a collection are not counted: only a question says which of them are read. Raises what `open_engine`
    raises, and `InvalidRequestError` for a document that cannot be read.
    """
    yield b""
    model = chat.request.model
    engine = services.models.open_engine(None if model.startswith(DOCS_PREFIX) else model)
    texts: dict[str, str] = {}
    if chat.documents:
        with services.open_transient() as view:
            texts = yield from read_texts(view, services, chat.documents)
    yield TokenCount(input_tokens=engine.count_tokens(chat.messages(texts))).model_dump_json().encode()
