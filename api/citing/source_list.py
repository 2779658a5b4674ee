"""The list of sources at the end of an answer, for clients that show its text and nothing else.

Sources:
[1] operations-handbook.pdf, page 9
"""

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import overload

from api.citing.source_numbers import SourceNumbers
from api.wire.base import SourceStyle, clean_name
from rag.conversations.store import ConversationEvent
from rag.grounding.foreign_markup import neutralize_markup
from rag.types import Answer, AnswerDelta, AnswerEvent, Citation, PinnedSentence

TITLE = "Sources:"
_LIST = re.compile(rf"\s*^{TITLE}\n(?:\[\d+\] [^\n]*(?:\n|\Z))+\Z", re.MULTILINE)


@overload
def list_sources(
    events: Generator[AnswerEvent, None, None], style: SourceStyle
) -> Generator[AnswerEvent, None, None]: ...


@overload
def list_sources(
    events: Generator[ConversationEvent, None, None], style: SourceStyle
) -> Generator[ConversationEvent, None, None]: ...


def list_sources(
    events: Generator[ConversationEvent, None, None], style: SourceStyle
) -> Generator[ConversationEvent, None, None]:
    """Yield the events of an answer with its sources numbered from 1 and, in the style `list`, listed at its end.

    Offsets and numbers of citations are those of the text as it is shown then. An answer without citations has no list.
    """
    if style == "none":
        yield from events
        return
    numbers, text = SourceNumbers(), ""
    with closing(events):
        for event in events:
            if isinstance(event, AnswerDelta):
                shown = numbers.feed(event.text)
                text += shown
                yield replace(event, text=shown)
            elif isinstance(event, PinnedSentence):
                yield numbers.move_sentence(event)
            elif isinstance(event, Answer):
                answer = numbers.move_answer(event)
                ending = numbers.flush() + (_format(answer.citations) if style == "list" else "")
                if ending:
                    yield AnswerDelta(ending)
                yield replace(answer, text=text + ending)
            else:
                yield event


def strip_sources(text: str) -> str:
    """Return an answer that a client sends back without its list of sources."""
    return _LIST.sub("", text)


def _format(citations: Sequence[Citation]) -> str:
    """Return the list as it follows the answer; empty without citations."""
    places: dict[int, list[str]] = {}
    for citation in sorted(citations, key=lambda citation: citation.number):
        places.setdefault(citation.number, []).append(_name_place(citation))
    lines = [f"[{number}] {'; '.join(_drop_repeated(named))}" for number, named in places.items()]
    return "\n".join(["", "", TITLE, *lines]) if lines else ""


def _name_place(citation: Citation) -> str:
    """Return the file and page of a citation, as text in which nothing acts."""
    return neutralize_markup(clean_name(citation.quote.location))


def _drop_repeated(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
