"""`/v1/conversations` as OpenAI has it, with branches, answers' details, export and replay as Pincite's additions."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from api.wire.answers import AnswerCheck, TimingsObject, UsageObject
from api.wire.base import (
    MAX_QUERY_CHARS,
    Absent,
    Ignored,
    Metadata,
    RequestModel,
    ResponseModel,
    Text,
    as_text_parts,
    clean_name,
)
from api.wire.citations import CitationObject, DisagreementObject, QuoteObject, SentenceObject
from api.wire.lists import ListObject, MemberObject, PageRequest
from api.wire.provenance import AskedWith, ProvenanceObject
from ingest.conversation_types import ConversationRecord, TurnStatus
from rag.conversations.replay import Replay
from rag.conversations.turns import AnswerRecord, Turn
from rag.engines.types import FinishReason, Message, Role
from rag.types import AnswerVerdict, ContextMode, ResolvedStyle

MAX_TITLE_CHARS = 200
MAX_NEW_ITEMS = 20
"""OpenAI's limit."""

Title = Annotated[Text, AfterValidator(clean_name), Field(max_length=MAX_TITLE_CHARS)]


class ConversationPageRequest(PageRequest):
    """Which conversations to list, the last used first."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS)] = ""
    """Only conversations that have all words of this text."""


class ItemPageRequest(PageRequest):
    """Which items to list."""

    leaf: str | None = None
    """The branch that ends at this item; the current one if it is left out."""
    include: Annotated[list[str] | None, Field(alias="include[]")] = None
    """OpenAI's names of what else an item shows; they add nothing."""


class ItemPart(RequestModel):
    """A part of an item; only text is supported."""

    type: Literal["text", "input_text", "output_text"]
    text: Text
    annotations: Ignored = None
    logprobs: Ignored = None


ItemParts = Annotated[list[ItemPart], Field(min_length=1)]


class ItemRequest(RequestModel):
    """A message that was written elsewhere."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        list[ItemPart], BeforeValidator(as_text_parts, json_schema_input_type=Text | ItemParts), Field(min_length=1)
    ]
    """The text, or a list of text parts."""
    id: Ignored = None
    status: Ignored = None

    def message(self) -> Message:
        """Return the item as a model reads it."""
        role: Role = "system" if self.role == "developer" else self.role
        return Message(role, "".join(part.text for part in self.content))


Items = Annotated[list[ItemRequest], Field(max_length=MAX_NEW_ITEMS)]


class ConversationRequest(RequestModel):
    """A new conversation, empty or with messages that were written elsewhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Maintenance of the pump"}]})

    title: Title = ""
    """What lists call it; its first question if it is left out."""
    metadata: Metadata | None = None
    items: Items | None = None


class ConversationUpdate(RequestModel):
    """Changes of a conversation; what is left out stays."""

    title: Title | None = None
    metadata: Metadata | None = None
    current: Text | None = None
    """Show the newest branch that runs through this item."""


class ItemsRequest(RequestModel):
    """Adds messages that were written elsewhere."""

    items: Annotated[Items, Field(min_length=1)]
    parent: Text | None = None
    """The item that they follow; the current one if it is left out, the beginning for the conversation's own id."""


class ConversationObject(MemberObject):
    """A stored conversation without its items."""

    id: str
    object: Literal["conversation"] = "conversation"
    created_at: int
    """Unix time in seconds."""
    metadata: dict[str, str]
    title: str
    updated_at: int
    """Unix time in seconds."""
    current: str | None
    """Last item of the branch that is shown; null if there are no items."""
    items: int
    """Number of items of all branches."""

    @classmethod
    def of(cls, conversation: ConversationRecord) -> "ConversationObject":
        """Return a conversation without its items."""
        return cls(
            id=conversation.id,
            created_at=conversation.created_at,
            metadata=conversation.metadata,
            title=conversation.title,
            updated_at=conversation.updated_at,
            current=conversation.current,
            items=conversation.turns,
        )


class ConversationList(ListObject[ConversationObject]):
    """A page of conversations."""


class ConversationDeleted(ResponseModel):
    """The conversation is deleted; its content is overwritten on disk."""

    id: str
    object: Literal["conversation.deleted"] = "conversation.deleted"
    deleted: Literal[True] = True


class StoredPassage(ResponseModel):
    """A chunk that the model read under a number, by its place."""

    number: int
    collection_id: str
    file_id: str
    filename: str
    page: int
    last_page: int
    start: int
    end: int


class StoredAnswer(ResponseModel):
    """What is stored of an answer besides its text."""

    mode: ContextMode | None = Absent
    """What the answer is made from."""
    reason: str | None = Absent
    """Why this mode was chosen."""
    sentences: list[SentenceObject] | None = Absent
    """The verdict on each sentence; absent like the following fields if the answer ended early."""
    disagreements: list[DisagreementObject] | None = Absent
    timings: TimingsObject | None = Absent
    model: str | None = Absent
    finish_reason: FinishReason | None = Absent
    usage: UsageObject | None = Absent
    style: ResolvedStyle | None = Absent
    status: TurnStatus
    answer_verdict: AnswerVerdict | None
    """Whether a quoted answer answers the question; null for other answers."""
    error: str | None
    """Why the answer failed."""
    evidence: list[QuoteObject]
    """The sentences that fit the question best."""
    passages: list[StoredPassage]
    """What the model read."""
    request: AskedWith
    circumstances: ProvenanceObject

    @classmethod
    def of(cls, turn: Turn, record: AnswerRecord) -> "StoredAnswer":
        """Return the details of a stored answer."""
        basis, answer = record.basis, record.answer
        check = None if answer is None else AnswerCheck.of(answer)
        source = check or basis
        return cls(
            mode=None if source is None else source.mode,
            reason=None if source is None else source.reason,
            answer_verdict=None if check is None else check.answer_verdict,
            sentences=None if check is None else check.sentences,
            disagreements=None if check is None else check.disagreements,
            timings=None if check is None else check.timings,
            model=None if check is None else check.model,
            finish_reason=None if answer is None else answer.finish_reason,
            usage=None if answer is None else UsageObject.of([answer.usage]),
            style=None if check is None else check.style,
            status=turn.status,
            error=record.error or None,
            evidence=[QuoteObject.of(quote, turn.state_of(quote)) for quote in (basis.evidence if basis else ())],
            passages=[StoredPassage.model_validate(passage) for passage in (basis.passages if basis else ())],
            request=AskedWith.of(record.question),
            circumstances=ProvenanceObject.of(record.provenance),
        )


class ItemContent(ResponseModel):
    """The text of an item, with its citations if it is an answer."""

    type: Literal["input_text", "output_text"]
    text: str
    annotations: list[CitationObject] | None = Absent
    logprobs: list[None] | None = Absent
    """Always empty; OpenAI's answers have it."""


class ItemObject(MemberObject):
    """A stored message, as OpenAI's message item."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["system", "user", "assistant"]
    status: Literal["completed", "incomplete"]
    content: list[ItemContent]
    created_at: int
    """Unix time in seconds."""
    parent: str | None
    """The item that it follows; null at the beginning."""
    versions: list[str]
    """Items at the same place, the oldest first: a question that was edited, an answer that was written again."""
    pincite: StoredAnswer | None = Absent
    """Details of an answer that was written here."""

    @classmethod
    def of(cls, turn: Turn) -> "ItemObject":
        """Return a turn; an answer comes with its citations and details."""
        is_answer = turn.role == "assistant"
        return cls(
            id=turn.id,
            role=turn.role,
            status="completed" if turn.status == "complete" else "incomplete",
            content=[
                ItemContent(
                    type="output_text" if is_answer else "input_text",
                    text=turn.text,
                    annotations=_annotations(turn) if is_answer else None,
                    logprobs=[] if is_answer else None,
                )
            ],
            created_at=turn.created_at,
            parent=turn.parent,
            versions=list(turn.versions),
            pincite=None if turn.record is None else StoredAnswer.of(turn, turn.record),
        )


class ItemList(ListObject[ItemObject]):
    """A page of items."""


class ConversationExport(ResponseModel):
    """A conversation with all its branches."""

    id: str
    object: Literal["conversation.export"] = "conversation.export"
    created_at: int
    metadata: dict[str, str]
    title: str
    updated_at: int
    current: str | None
    items: list[ItemObject]
    """The items of all branches, the oldest first."""
    path: list[str]
    """Ids of the items of the branch that is shown."""

    @classmethod
    def of(cls, conversation: ConversationRecord, turns: Sequence[Turn], path: Sequence[Turn]) -> "ConversationExport":
        """Return a conversation with all `turns`; `path` is the branch that is shown."""
        return cls(
            id=conversation.id,
            created_at=conversation.created_at,
            metadata=conversation.metadata,
            title=conversation.title,
            updated_at=conversation.updated_at,
            current=conversation.current,
            items=[ItemObject.of(turn) for turn in turns],
            path=[turn.id for turn in path],
        )


class ChangeObject(ResponseModel):
    """Something that an answer depends on and that has changed since."""

    about: str
    """`version`, `model`, `settings`, `embedder`, `documents`, `passages` or `sampling`."""
    what: str
    """The change in words."""


class ReplayObject(ResponseModel):
    """The result of asking a stored question again."""

    object: Literal["conversation.replay"] = "conversation.replay"
    item: str
    """The answer whose question was asked again."""
    same: bool
    """Whether the text is the same."""
    text: str
    """The new text; empty if the question could not be answered."""
    first_difference: int | None
    """Offset of the first difference in both texts."""
    before: str
    """The old text at that offset."""
    now: str
    """The new text at that offset."""
    changes: list[ChangeObject]
    problem: str | None
    """Why the question could not be answered."""

    @classmethod
    def of(cls, replay: Replay) -> "ReplayObject":
        """Return the result of a replay."""
        return cls(
            item=replay.turn_id,
            same=replay.is_same,
            text=replay.text,
            first_difference=replay.first_difference,
            before=replay.before,
            now=replay.now,
            changes=[ChangeObject.model_validate(change) for change in replay.changes],
            problem=replay.problem or None,
        )


def _annotations(turn: Turn) -> list[CitationObject]:
    if turn.record is None or turn.record.answer is None:
        return []
    return [CitationObject.of(citation, turn.state_of(citation.quote)) for citation in turn.record.answer.citations]
