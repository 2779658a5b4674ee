"""`/v1/responses/compact`: a chat made shorter, for a client that sends it on instead of all its items."""

import time
from contextlib import closing

from api.dialects.responses.events import new_id
from api.dialects.responses.items import write_compaction
from api.dialects.responses.objects import Compaction, ResponseUsage
from api.dialects.responses.prompts import choose_writer, read_prompt
from api.dialects.responses.requests import CompactRequest
from api.http.sse import Pieces
from api.services import Services
from rag.engines.completion import Completion
from rag.engines.types import Delta, Message, Sampling

INSTRUCTIONS = (
    "Summarize the conversation for an assistant who goes on with it: what was asked, found out, decided and left "
    "open. Write the summary alone."
)
MAX_SUMMARY_TOKENS = 400
SPEAKERS = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def compact_chat(services: Services, request: CompactRequest, client: str) -> Pieces:
    """Yield an empty piece while the model summarizes, and at the end the compacted chat.

    It has what the user has said, and a summary of the whole. Raises what `read_prompt` and `Engine.generate` raise.
    """
    prompt = read_prompt(services, request)
    engine = services.models.open_engine(choose_writer(services, request.model))
    transcript = "\n".join(f"{SPEAKERS[message.role]}: {message.content}" for message in prompt.messages)
    messages = (Message("system", INSTRUCTIONS), Message("user", transcript))
    text, last = "", Delta("")
    with closing(engine.generate(messages, Sampling(max_tokens=MAX_SUMMARY_TOKENS), client=client)) as deltas:
        for last in deltas:
            text += last.text
            yield b""
    said = [item for item in prompt.items if item.get("role") == "user"]
    summary = {"id": new_id("cmp"), "type": "compaction", "encrypted_content": write_compaction(text.strip())}
    usage = Completion.from_stream(text, last).usage
    compaction = Compaction(
        id=new_id("resp"),
        created_at=int(time.time()),
        output=[*({**item, "id": new_id("msg")} for item in said), summary],
        usage=ResponseUsage.of(usage),
    )
    yield compaction.model_dump_json().encode()
