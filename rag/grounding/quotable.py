"""Tell what of a document can stand as a quote: what states something in its own words. Pure."""

import re
from collections.abc import Sequence

from ingest.chunking.chunk_context import list_titles, measure_header
from ingest.text.mail_headings import SEPARATOR
from ingest.types import BlockKind
from rag.grounding.evidence import SentenceMatch

_LIST_NUMBER = re.compile(r"\W*\w{1,3}\W+")
_QUESTION_ENDS = ("?", "？", "؟")


def select_quotable(matches: Sequence[SentenceMatch]) -> list[SentenceMatch]:
    """Return the matches that state something, in their order; all of them if none does."""
    return [match for match in matches if states_something(match)] or list(matches)


def states_something(match: SentenceMatch) -> bool:
    """Whether a sentence, a row or a line says what is so.

    A heading, the question of a list of questions, the number of an item and the header of a table only say what
    something is about.
    """
    chunk = match.stored.chunk
    match chunk.kind:
        case BlockKind.CODE:
            return True
        case BlockKind.TABLE:
            return match.start >= chunk.start + measure_header(chunk)
        case BlockKind.PROSE:
            text = " ".join(match.text.split())
            titles = list_titles(chunk)
            is_subject = any(title.startswith(f"{text}{SEPARATOR}") for title in titles)
            is_label = text in titles or is_subject or _LIST_NUMBER.fullmatch(text) is not None
            return not is_label and not text.endswith(_QUESTION_ENDS)
