"""Load groundedness sets: sentences that people compared with a document; errors name the file and the line.

Two layouts are known, told apart by their fields: WiCE (a claim, the sentences of a web page, a label, sets of gold
sentences) and QAGS (an article, the sentences of a summary, the answers of three people to "is it supported?").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from rag.evaluation.errors import EvalSetError
from rag.evaluation.sets import read_lines

SUFFIX = ".jsonl"
BETWEEN_SENTENCES = "\n\n"
"""An empty line ends a sentence, so that the sentences of a document stay those that people judged."""


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A sentence, the document that people compared it with, and what they found.

    `gold` has the spans `document[start:end]` of all sentences that belong to some set which supports the sentence;
    empty without any, or if nobody marked them.
    """

    id: str
    text: str
    document: str
    is_supported: bool
    gold: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class GroundednessSet:
    """Judged claims of one file."""

    name: str
    claims: tuple[JudgedClaim, ...]


class _WiceRow(msgspec.Struct):
    claim: str
    evidence: list[str]
    label: Literal["supported", "partially_supported", "not_supported"]
    supporting_sentences: list[list[int]] = []


class _Response(msgspec.Struct):
    response: Literal["yes", "no"]


class _SummarySentence(msgspec.Struct):
    sentence: str
    responses: list[_Response]


class _QagsRow(msgspec.Struct):
    article: str
    summary_sentences: list[_SummarySentence]


class _Layout(msgspec.Struct):
    """The fields that tell the layouts apart."""

    claim: str | None = None
    article: str | None = None


def load_groundedness_sets(path: Path) -> list[GroundednessSet]:
    """Return the sets of a folder by name, or the one that is a file. Raises `EvalSetError`."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files:
        raise EvalSetError(path=path, line=0, detail=f"there is no {SUFFIX} file in it")
    return [_load(file) for file in files]


def _load(file: Path) -> GroundednessSet:
    claims: list[JudgedClaim] = []
    for position, line in read_lines(file):
        try:
            claims.extend(_read_claims(line, f"{file.stem}-{position.line}"))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise position.error(str(error)) from error
    if len({claim.is_supported for claim in claims}) < 2:
        raise EvalSetError(path=file, line=0, detail="it needs sentences that are supported and others that are not")
    return GroundednessSet(file.stem, tuple(claims))


def _read_claims(line: bytes, id_: str) -> Iterator[JudgedClaim]:
    """Yield the claims of one line."""
    layout = msgspec.json.decode(line, type=_Layout)
    if layout.claim is not None:
        yield _read_wice(msgspec.json.decode(line, type=_WiceRow), id_)
    elif layout.article is not None:
        yield from _read_qags(msgspec.json.decode(line, type=_QagsRow), id_)
    else:
        raise msgspec.ValidationError("it has neither a `claim` nor an `article`")


def _read_wice(row: _WiceRow, id_: str) -> JudgedClaim:
    gold = sorted({index for indices in row.supporting_sentences for index in indices})
    if gold and not 0 <= gold[0] <= gold[-1] < len(row.evidence):
        raise msgspec.ValidationError(f"there is no sentence {gold[-1]} in its evidence")
    spans = _locate_sentences(row.evidence)
    document = BETWEEN_SENTENCES.join(row.evidence)
    return JudgedClaim(id_, row.claim, document, row.label == "supported", tuple(spans[index] for index in gold))


def _read_qags(row: _QagsRow, id_: str) -> Iterator[JudgedClaim]:
    for number, sentence in enumerate(row.summary_sentences, start=1):
        agreeing = sum(response.response == "yes" for response in sentence.responses)
        is_supported = 2 * agreeing > len(sentence.responses)
        yield JudgedClaim(f"{id_}-{number}", sentence.sentence, row.article, is_supported)


def _locate_sentences(sentences: Sequence[str]) -> list[tuple[int, int]]:
    """Return the span of each sentence in the joined document."""
    spans: list[tuple[int, int]] = []
    start = 0
    for sentence in sentences:
        spans.append((start, start + len(sentence)))
        start += len(sentence) + len(BETWEEN_SENTENCES)
    return spans
