"""The text of the clause that a question names, or of a paragraph or a sentence of it, in reading order. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from ingest.types import BlockKind
from rag.grounding.conditions import Conditions
from rag.grounding.evidence import SentenceMatch
from rag.questions.identifiers import Identifier
from rag.questions.part_positions import PartPosition, asks_for_all, read_position

CERTAIN_SCORE = 1.0
"""The score of a sentence whose place the question names."""
_MAX_HEADING_WORDS = 10
_SENTENCE_ENDS = (".", "!", ";", ":", "…", "”", '"', ")")


def select_clause_text(
    question: str, matches: Sequence[SentenceMatch], conditions: Conditions
) -> list[SentenceMatch] | None:
    """Return the sentences of the clause, or of the part of it, for which a question asks; none if it has no such part.

    None if the question asks for anything else than the text of one clause. `matches` are sentences that meet the
    `conditions`, the best first.
    """
    parts = [identifier for identifier in conditions.identifiers if identifier.kind == "part"]
    if len(parts) != 1 or len(conditions.identifiers) != 1 or not matches:
        return None
    (clause,) = parts
    position = read_position(question)
    rest = question[: clause.start - len(clause.label)] + question[clause.end :]
    if position is None and not asks_for_all(rest):
        return None
    paragraphs = _list_paragraphs(clause, matches, conditions)
    if not paragraphs:
        return None
    return [replace(match, score=CERTAIN_SCORE) for match in _choose(paragraphs, position)]


def _choose(paragraphs: Sequence[Sequence[SentenceMatch]], position: PartPosition | None) -> list[SentenceMatch]:
    sentences = [match for paragraph in paragraphs for match in paragraph]
    if position is None:
        return sentences
    units = paragraphs if position.unit == "paragraph" else [[match] for match in sentences]
    return list(units[position.index]) if position.index < len(units) else []


def _list_paragraphs(
    clause: Identifier, matches: Sequence[SentenceMatch], conditions: Conditions
) -> list[list[SentenceMatch]]:
    """Return the sentences of a clause by paragraph, without its heading, up to the next heading."""
    headed = (match.stored.file_id for match in matches if _is_headed(clause, match))
    file_id = next(headed, "")  # not an amendment, which only mentions the clause
    own = [match for match in matches if match.stored.file_id == file_id and conditions.are_met_by(match)]
    paragraphs: list[list[SentenceMatch]] = []
    before: SentenceMatch | None = None
    for match in sorted(own, key=lambda match: match.start):
        if match.stored.chunk.kind is not BlockKind.PROSE:
            continue
        if _is_heading(match):
            if before is not None and not _is_named(clause, match):
                break
        elif before is not None and paragraphs and not _is_paragraph_end(before, match):
            paragraphs[-1].append(match)
        else:
            paragraphs.append([match])
        before = match
    return paragraphs


def _is_heading(match: SentenceMatch) -> bool:
    text = " ".join(match.text.split())
    return not text.endswith(_SENTENCE_ENDS) and len(text.split()) <= _MAX_HEADING_WORDS


def _is_headed(clause: Identifier, match: SentenceMatch) -> bool:
    """Whether a sentence begins with the number of a clause or stands under a heading that does."""
    return _is_named(clause, match) or any(
        start == 0 for heading in match.stored.chunk.heading_path for start, _ in clause.find_in(heading)
    )


def _is_named(clause: Identifier, match: SentenceMatch) -> bool:
    return any(start == 0 for start, _ in clause.find_in(" ".join(match.text.split())))


def _is_paragraph_end(before: SentenceMatch, match: SentenceMatch) -> bool:
    if before.stored.id != match.stored.id:
        return True
    chunk = match.stored.chunk
    return "\n\n" in chunk.text[before.end - chunk.start : match.start - chunk.start]
