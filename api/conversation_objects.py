"""Stored conversations as the JSON objects of OpenAI's Conversations API, with what Pincite adds to them. Pure."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api.objects import JsonObject, annotation_object, check_object, quote_object, usage_object
from ingest.conversation_types import ConversationRecord
from rag.conversations.provenance import Provenance
from rag.conversations.replay import Replay
from rag.conversations.store import TurnsStored
from rag.conversations.turns import AnswerRecord, Turn
from rag.types import Question, Quote


def conversation_object(conversation: ConversationRecord) -> JsonObject:
    """Return a conversation without what was said in it."""
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": conversation.created_at,
        "metadata": conversation.metadata,
        "title": conversation.title,
        "updated_at": conversation.updated_at,
        "current": conversation.current,
        "items": conversation.turns,
    }


def recorded_object(recorded: TurnsStored | None) -> JsonObject:
    """Return where an answer was stored; nothing where it was not."""
    if recorded is None:
        return {}
    return {
        "conversation": recorded.conversation_id,
        "question": recorded.question_id,
        "answer": recorded.answer_id,
    }


def item_object(turn: Turn) -> JsonObject:
    """Return a turn as OpenAI's message item; an answer comes with its pins and with how it was made."""
    is_answer = turn.role == "assistant"
    text = {"type": "output_text" if is_answer else "input_text", "text": turn.text}
    return {
        "id": turn.id,
        "type": "message",
        "role": turn.role,
        "status": "completed" if turn.status == "complete" else "incomplete",
        "content": [{**text, **({"annotations": _annotations(turn), "logprobs": []} if is_answer else {})}],
        "created_at": turn.created_at,
        "parent": turn.parent,
        "versions": list(turn.versions),
        **({} if turn.record is None else {"pincite": _record_object(turn, turn.record)}),
    }


def export_object(conversation: ConversationRecord, turns: Sequence[Turn], path: Sequence[Turn]) -> JsonObject:
    """Return all branches of a conversation; `path` names the items of the one that is shown."""
    return {
        **conversation_object(conversation),
        "object": "conversation.export",
        "path": [turn.id for turn in path],
        "items": [item_object(turn) for turn in turns],
    }


def replay_object(replay: Replay) -> JsonObject:
    """Return what became of a question that was asked again."""
    return {
        "object": "conversation.replay",
        "item": replay.turn_id,
        "same": replay.is_same,
        "text": replay.text,
        "first_difference": replay.first_difference,
        "before": replay.before,
        "now": replay.now,
        "changes": [asdict(change) for change in replay.changes],
        "problem": replay.problem or None,
    }


def _annotations(turn: Turn) -> list[JsonObject]:
    if turn.record is None or turn.record.answer is None:
        return []
    return [
        {**annotation_object(citation), "source_state": turn.state_of(citation.quote)}
        for citation in turn.record.answer.citations
    ]


def _record_object(turn: Turn, record: AnswerRecord) -> JsonObject:
    basis, answer = record.basis, record.answer
    evidence = () if basis is None else basis.evidence
    found: JsonObject = {} if basis is None else {"mode": basis.mode, "reason": basis.reason}
    if answer is not None:
        found |= {
            **check_object(answer),
            "finish_reason": answer.finish_reason,
            "usage": usage_object([answer.usage]),
            "style": answer.style,
        }
    return {
        **found,
        "status": turn.status,
        "error": record.error or None,
        "evidence": [_evidence(turn, quote) for quote in evidence],
        "passages": [] if basis is None else [asdict(passage) for passage in basis.passages],
        "request": request_object(record.question),
        "circumstances": circumstances_object(record.provenance),
    }


def _evidence(turn: Turn, quote: Quote) -> JsonObject:
    return {**quote_object(quote), "source_state": turn.state_of(quote)}


def request_object(question: Question) -> JsonObject:
    """Return how an answer was asked for."""
    return {
        "model": question.model,
        "mode": question.mode,
        "style": question.style,
        "vector_stores": list(question.collections),
        "filters": None if question.filters is None else asdict(question.filters),
        "sampling": asdict(question.sampling),
    }


def circumstances_object(known: Provenance) -> JsonObject:
    """Return what an answer depended on; of a model's file only its name and hash, not where it lay."""
    model: dict[str, Any] | None = None
    if known.model is not None:
        model = {name: value for name, value in asdict(known.model).items() if name != "path"}
        model["hash"] = known.model_mark
    return {
        "version": known.version,
        "model": model,
        "vector_stores": [asdict(mark) for mark in known.collections],
        "settings": dict(known.settings),
    }
