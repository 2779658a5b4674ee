"""A conversation as a Markdown text that stands by itself, with the quotes that its answers are pinned to. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from ingest.conversation_types import ConversationRecord
from rag.conversations.turns import AnswerRecord, Turn
from rag.types import Answer, Citation

SPEAKERS = {"system": "Instructions", "user": "Question", "assistant": "Answer"}
STATES = {"unchanged": "", "changed": "source changed since", "removed": "document removed, its words are gone"}

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~]|^[-=+])")


def render_markdown(conversation: ConversationRecord, path: Sequence[Turn]) -> str:
    """Return one branch of a conversation with every quote under the answer that it bears.

    What a person, a model or a document says is shown as it was written: none of it is a heading or a picture, and no
    words hide a link.
    """
    parts = [f"# {escape_markdown(conversation.title) or 'Conversation'}", f"*{_time(conversation.created_at)}*"]
    for turn in path:
        parts.append(f"## {SPEAKERS[turn.role]}")
        parts.append(_block(turn.text))
        parts.extend(_of_record(turn))
    return "\n\n".join(part for part in parts if part) + "\n"


def escape_markdown(text: str) -> str:
    """Return text on one line in which no sign means anything to Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _of_record(turn: Turn) -> list[str]:
    record = turn.record
    if record is None:
        return []
    parts = [] if turn.status == "complete" else [f"*This answer ends early: it was {turn.status}.*"]
    if record.answer is not None:
        parts += _citations(turn, record.answer)
        parts += _unsupported(record.answer)
    parts.append(_facts(record))
    return parts


def _citations(turn: Turn, answer: Answer) -> list[str]:
    shown = {(citation.number, citation.quote, citation.verdict): citation for citation in answer.citations}
    return [_citation(turn, citation) for citation in shown.values()]


def _citation(turn: Turn, citation: Citation) -> str:
    quote = citation.quote
    place = quote.place or f"page {quote.page}"
    state = STATES[turn.state_of(quote)]
    notes = ", ".join(part for part in (citation.verdict, *map(escape_markdown, citation.reasons), state) if part)
    head = f"\\[{citation.number}\\] **{escape_markdown(quote.filename)}**, {escape_markdown(place)} ({notes})"
    return head + (f"\n\n{_quoted(quote.quote)}" if quote.quote else "")


def _unsupported(answer: Answer) -> list[str]:
    said = [
        f"- {escape_markdown(answer.text[sentence.start : sentence.end])}"
        for sentence in answer.sentences
        if sentence.verdict == "unsupported"
    ]
    return ["Not supported by the documents:", "\n".join(said)] if said else []


def _facts(record: AnswerRecord) -> str:
    collections = ", ".join(mark.name for mark in record.provenance.collections)
    model = record.provenance.model
    facts = [
        f"collection {collections}" if collections else "",
        f"model {model.id}" if model is not None else "",
        "" if record.basis is None else record.basis.reason,
        f"Pincite {record.provenance.version}" if record.provenance.version else "",
    ]
    return f"<sub>{escape_markdown(' · '.join(fact for fact in facts if fact))}</sub>"


def _quoted(text: str) -> str:
    return "\n".join(f"> {escape_markdown(line)}".rstrip() for line in text.splitlines())


def _block(text: str) -> str:
    """Return text of several lines whose breaks stay and of which nothing is a heading or a link."""
    return "\n".join(f"{escape_markdown(line)}  " if line.strip() else "" for line in text.splitlines()).rstrip()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
