"""Render a conversation as self-contained Markdown, with the quotes that its answers cite. Pure."""

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
    """Return one branch of a conversation, with every cited quote below its answer.

    Texts of people, models and documents are escaped: none of them becomes a heading, an image or a link.
    """
    parts = [f"# {escape_markdown(conversation.title) or 'Conversation'}", f"*{_format_time(conversation.created_at)}*"]
    for turn in path:
        parts.append(f"## {SPEAKERS[turn.role]}")
        parts.append(_render_text(turn.text))
        parts.extend(_render_record(turn))
    return "\n\n".join(part for part in parts if part) + "\n"


def escape_markdown(text: str) -> str:
    """Return text on one line, with every Markdown character escaped."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _render_record(turn: Turn) -> list[str]:
    record = turn.record
    if record is None:
        return []
    parts = [] if turn.status == "complete" else [f"*This answer ends early: it was {turn.status}.*"]
    if record.answer is not None:
        parts += _render_citations(turn, record.answer)
        parts += _render_unsupported(record.answer)
    parts.append(_render_facts(record))
    return parts


def _render_citations(turn: Turn, answer: Answer) -> list[str]:
    distinct = {(citation.number, citation.quote, citation.verdict): citation for citation in answer.citations}
    return [_render_citation(turn, citation) for citation in distinct.values()]


def _render_citation(turn: Turn, citation: Citation) -> str:
    quote = citation.quote
    place = quote.place or f"page {quote.page}"
    state = STATES[turn.state_of(quote)]
    notes = ", ".join(part for part in (citation.verdict, *map(escape_markdown, citation.reasons), state) if part)
    head = f"\\[{citation.number}\\] **{escape_markdown(quote.filename)}**, {escape_markdown(place)} ({notes})"
    return head + (f"\n\n{_block_quote(quote.quote)}" if quote.quote else "")


def _render_unsupported(answer: Answer) -> list[str]:
    lines = [
        f"- {escape_markdown(answer.text[sentence.start : sentence.end])}"
        for sentence in answer.sentences
        if sentence.verdict == "unsupported"
    ]
    return ["Not supported by the documents:", "\n".join(lines)] if lines else []


def _render_facts(record: AnswerRecord) -> str:
    collections = ", ".join(collection.name for collection in record.provenance.collections)
    model = record.provenance.model
    facts = [
        f"collection {collections}" if collections else "",
        f"model {model.id}" if model is not None else "",
        "" if record.basis is None else record.basis.reason,
        f"Pincite {record.provenance.version}" if record.provenance.version else "",
    ]
    return f"<sub>{escape_markdown(' · '.join(fact for fact in facts if fact))}</sub>"


def _block_quote(text: str) -> str:
    return "\n".join(f"> {escape_markdown(line)}".rstrip() for line in text.splitlines())


def _render_text(text: str) -> str:
    """Return escaped text that keeps its line breaks."""
    return "\n".join(f"{escape_markdown(line)}  " if line.strip() else "" for line in text.splitlines()).rstrip()


def _format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
