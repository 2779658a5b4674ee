"""Library records and answers as the JSON objects of OpenAI's API, with what Pincite adds to them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ingest.types import AttributeValue, Collection, DocumentRecord, FileRecord, Page, Progress, QueueState
from rag.engines.types import Alternative, TokenLogprob, Usage
from rag.models.manager import ModelState
from rag.retrieval.explanation import explain_cut, explain_score
from rag.types import Answer, AnswerStarted, Citation, Conflict, Passage, PinnedSentence, Quote, ScoredChunk

JsonObject = dict[str, Any]

DOCS_PREFIX = "docs/"
FILE_PURPOSE = "assistants"

LEAST_LOGPROB = -9999.0
"""OpenAI's word for a token that never comes; JSON has no infinity."""

STORE_FILE_STATUS = {
    "queued": "in_progress",
    "reading": "in_progress",
    "paused": "in_progress",
    "cancelled": "cancelled",
    "done": "completed",
    "warning": "completed",
    "failed": "failed",
}


def file_object(file: FileRecord) -> JsonObject:
    """Return an original as OpenAI's file."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size_bytes,
        "created_at": file.created_at,
        "filename": file.filename,
        "purpose": FILE_PURPOSE,
        "status": "processed",
        "expires_at": None,
        "source": file.source,
        "sha256": file.sha256,
    }


def store_object(collection: Collection, documents: Sequence[DocumentRecord]) -> JsonObject:
    """Return a collection as OpenAI's vector store."""
    states = [STORE_FILE_STATUS[document.status] for document in documents]
    counts = {state: states.count(state) for state in ("in_progress", "completed", "failed", "cancelled")}
    return {
        "id": collection.id,
        "object": "vector_store",
        "created_at": collection.created_at,
        "last_active_at": collection.created_at,
        "name": collection.name,
        "usage_bytes": sum(document.size_bytes for document in documents),
        "file_counts": {**counts, "total": len(states)},
        "status": "in_progress" if counts["in_progress"] else "completed",
        "expires_after": None,
        "expires_at": None,
        "metadata": {},
        "embedder": collection.passport.model,
        "rules": collection.rules or None,
    }


def store_file_object(document: DocumentRecord) -> JsonObject:
    """Return a document as OpenAI's vector store file, with its progress while it waits or is read."""
    in_work = STORE_FILE_STATUS[document.status] == "in_progress"
    return {
        "id": document.file_id,
        "object": "vector_store.file",
        "usage_bytes": document.size_bytes,
        "created_at": document.created_at,
        "vector_store_id": document.collection_id,
        "status": STORE_FILE_STATUS[document.status],
        "last_error": _last_error(document),
        "needs_password": document.failure == "needs_password",
        "chunking_strategy": {"type": "other"},
        "attributes": document.attributes,
        "filename": document.filename,
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "pages": document.pages,
        "page_unit": document.unit,
        "chunks": document.chunks,
        "details": document.metadata,
        "warning": document.reason if document.status == "warning" else None,
        "progress": {**progress_object(document.progress), "status": document.status} if in_work else None,
    }


def progress_object(progress: Progress) -> JsonObject:
    """Return how far a document is."""
    return {"stage": progress.stage, "done": progress.done, "total": progress.total}


def queue_object(state: QueueState) -> JsonObject:
    """Return how much waits to be read, and about how long that takes."""
    return {
        "object": "queue",
        "queued": state.queued,
        "reading": state.reading,
        "paused": state.paused,
        "is_paused": state.is_paused,
        "estimate_seconds": None if state.estimate_seconds is None else round(state.estimate_seconds, 1),
    }


def _last_error(document: DocumentRecord) -> JsonObject | None:
    if document.status != "failed":
        return None
    code = "invalid_file" if document.failure in ("", "needs_password") else document.failure
    return {"code": code, "message": document.reason}


def search_result(
    found: ScoredChunk, place: str, attributes: Mapping[str, AttributeValue], *, explain: bool = False
) -> JsonObject:
    """Return a found chunk as OpenAI's search result: its document's attributes, and where in it the chunk stands."""
    stored, chunk = found.chunk, found.chunk.chunk
    return {
        "file_id": stored.file_id,
        "filename": stored.filename,
        "score": found.score,
        "attributes": {
            **attributes,
            "page": chunk.first_page,
            "last_page": chunk.last_page,
            "place": place,
            "start": chunk.start,
            "end": chunk.end,
            "source": stored.source,
            "heading_path": " > ".join(chunk.heading_path),
            "dense_score": found.dense_score,
            "lexical_score": found.lexical_score,
        },
        "content": [{"type": "text", "text": chunk.text}],
        **({"explanation": explanation_object(found)} if explain else {}),
    }


def explanation_object(found: ScoredChunk) -> JsonObject:
    """Return how a found chunk came to its place, in numbers and in words."""
    return {
        "dense_score": found.dense_score,
        "lexical_score": found.lexical_score,
        **asdict(found.breakdown),
        "text": explain_score(found),
    }


def cut_object(cut: Sequence[ScoredChunk], threshold: float | None) -> JsonObject:
    """Return the chunks that were looked at and are not among the results, with the reason."""
    return {
        "cut": [
            {
                "file_id": found.chunk.file_id,
                "start": found.chunk.chunk.start,
                "end": found.chunk.chunk.end,
                "score": found.score,
                "reason": explain_cut(found, threshold),
                **explanation_object(found),
            }
            for found in cut
        ]
    }


def model_object(model_id: str, created: int, *, state: ModelState | None = None) -> JsonObject:
    """Return something that a chat can name as its model; `state` says of a model whether it is in memory."""
    extra = {} if state is None else {"state": state}
    return {"id": model_id, "object": "model", "created": created, "owned_by": "local", **extra}


def quote_object(quote: Quote) -> JsonObject:
    """Return an exact span of a document."""
    return asdict(quote)


def passage_object(passage: Passage) -> JsonObject:
    """Return a numbered passage without its text, which the document has."""
    stored, chunk = passage.stored, passage.stored.chunk
    return {
        "number": passage.number,
        "file_id": stored.file_id,
        "filename": stored.filename,
        "source": stored.source,
        "page": chunk.first_page,
        "last_page": chunk.last_page,
        "heading_path": list(chunk.heading_path),
        "start": chunk.start,
        "end": chunk.end,
    }


def annotation_object(citation: Citation) -> JsonObject:
    """Return a citation as OpenAI's `file_citation`; `index` is where in the answer its mark belongs."""
    quote = citation.quote
    return {
        "type": "file_citation",
        "collection_id": quote.collection_id,
        "file_id": quote.file_id,
        "filename": quote.filename,
        "index": citation.answer_end,
        "source": quote.source,
        "page": quote.page,
        "place": quote.place,
        "start": quote.start,
        "end": quote.end,
        "quote": quote.quote,
        "boxes": [asdict(box) for box in quote.boxes],
        "verdict": citation.verdict,
        "reasons": list(citation.reasons),
        "number": citation.number,
        "origin": citation.origin,
        "answer_start": citation.answer_start,
        "answer_end": citation.answer_end,
    }


def basis_object(started: AnswerStarted) -> JsonObject:
    """Return what an answer will be based on, as it is known before the model says a word."""
    return {
        "mode": started.mode,
        "reason": started.reason,
        "style": started.style,
        "evidence": [quote_object(quote) for quote in started.evidence],
        "passages": [passage_object(passage) for passage in started.passages],
    }


def check_object(answer: Answer) -> JsonObject:
    """Return what is known of an answer only when it is complete."""
    return {
        "mode": answer.mode,
        "reason": answer.reason,
        "style": answer.style,
        "evidence": [quote_object(quote) for quote in answer.evidence],
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "disagreements": [disagreement_object(each) for each in answer.disagreements],
        "timings": asdict(answer.timings),
        "model": answer.model,
    }


def pinned_object(pinned: PinnedSentence) -> JsonObject:
    """Return a sentence that was checked while the answer is written."""
    annotations = [annotation_object(citation) for citation in pinned.citations]
    return {"sentence": asdict(pinned.sentence), "annotations": annotations}


def disagreement_object(disagreement: Conflict) -> JsonObject:
    """Return what documents say differently, each value with its quote."""
    values = [{"value": each.value, "quote": quote_object(each.quote)} for each in disagreement.values]
    return {"about": disagreement.subject, "values": values}


def logprobs_object(tokens: Sequence[TokenLogprob]) -> JsonObject | None:
    """Return tokens that were written, with what they could have been; None where there are none."""
    if not tokens:
        return None
    content = [
        {**_token_object(token), "top_logprobs": [_token_object(other) for other in token.top]} for token in tokens
    ]
    return {"content": content, "refusal": None}


def _token_object(token: TokenLogprob | Alternative) -> JsonObject:
    return {
        "token": token.token.decode(errors="replace"),
        "logprob": max(token.logprob, LEAST_LOGPROB),
        "bytes": list(token.token),
    }


def usage_object(usages: Sequence[Usage]) -> JsonObject:
    """Return the tokens that the answers to one prompt took; the prompt counts once."""
    prompt, completion = usages[0].prompt_tokens, sum(usage.completion_tokens for usage in usages)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usages[0].cached_tokens},
    }


def page_object(page: Page, text: str) -> JsonObject:
    """Return a page with its text; `label` is what it is called where it has a name."""
    return {"number": page.number, "label": page.label, "ocr_confidence": page.ocr_confidence, "text": text}


def document_object(document: DocumentRecord) -> JsonObject:
    """Return a document as the command line shows it."""
    return {
        "id": document.file_id,
        "collection": document.collection,
        "source": document.source,
        "status": document.status,
        "reason": document.reason,
        "pages": document.pages,
        "chunks": document.chunks,
        "sha256": document.sha256,
    }
