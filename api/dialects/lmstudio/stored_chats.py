"""LM Studio's chats that the server remembers: each response names a place in a stored conversation.

The id of a response holds the ids of its conversation and of its answer. So any response can be continued, and a
chat that was begun there is read, exported and deleted like every conversation.
"""

import re

from api.errors import InvalidRequestError
from api.services import Services
from rag.conversations.store import TurnsStored
from rag.engines.types import Message

CONVERSATION_PREFIX = "conv_"
ITEM_PREFIX = "msg_"
RESPONSE_ID = re.compile(r"resp_([0-9a-f]{24})_([0-9a-f]{24})")


def name_response(stored: TurnsStored) -> str:
    """Return the id of the response that a stored answer is."""
    conversation = stored.conversation_id.removeprefix(CONVERSATION_PREFIX)
    return f"resp_{conversation}_{stored.answer_id.removeprefix(ITEM_PREFIX)}"


def locate_response(response_id: str) -> tuple[str, str]:
    """Return the ids of the conversation and of the answer of a response; raises `InvalidRequestError`."""
    match = RESPONSE_ID.fullmatch(response_id)
    if match is None:
        detail = "this is no id of a response; send the `response_id` of the answer that the question follows"
        raise InvalidRequestError(detail=detail, param="previous_response_id")
    return CONVERSATION_PREFIX + match[1], ITEM_PREFIX + match[2]


def begin_conversation(services: Services, system_prompt: str | None) -> str:
    """Return the id of a new conversation, which begins with the system prompt if there is one."""
    conversation = services.library.create_conversation()
    if system_prompt:
        services.conversations.add(conversation.id, [Message("system", system_prompt)])
    return conversation.id
