"""Pairs of a sentence and the quote it is pinned to, made from QED: supported ones, and the same ones altered.

The quote is the sentence that implies the answer, as the corpus has it. Nothing is drawn at random: a hash of the
question's id decides, so that the same data always gives the same pairs.

Supported forms of an item:

- `verbatim`: the quote, with the spaces around its signs removed.
- `clause`: the part of the quote that holds the answer, without what stands in parentheses.
- `reordered`: a clause in front moved to the end, or one at the end moved to the front.
- `statement`: the question's words made a statement with the answer ("who wrote X" -> "A wrote X"). Only where the
  quote holds the answer. What the quote calls "it" has its name here, so such a sentence leans on the passage.

Altered kinds, each made from one of an item's forms: `number`, `date or unit`, `name`, `negation`, `other passage`; and
two that are harder than what the goal asks for: `neighbour` (another sentence of the same passage) and `roles` (two
names of the sentence change places).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ingest.text.sentences import split_sentences

T = TypeVar("T")

SUPPORTED_FORMS = ("verbatim", "clause", "reordered", "statement")
ASKED_KINDS = ("number", "date or unit", "name", "negation", "other passage")
HARDER_KINDS = ("neighbour", "roles")

_UNSPACED = (
    (r"``\s*", '"'),
    (r"\s*''", '"'),
    (r"\s+([,.;:?!%)\]])", r"\1"),
    (r"([(\[])\s+", r"\1"),
    (r"\s+('s|n't|'re|'ve|'ll|'d|')(?=\W|$)", r"\1"),
    (r"\s+--\s+", "–"),
    (r"(?<=\w) - (?=\w)", "-"),
)
_FRONTED = re.compile(r"(?:In|On|At|As|After|Before|During|By|For|Since|Following|From|With|Under|Until)\b")
_TRAILING = re.compile(r"(?:in|on|at|as|after|before|during|by|for|since|following|from|with|under|until|\w+ing)\b")
_AUX = re.compile(r"\b(is|was|are|were|has|have|had|can|could|will|would|may|must|should|does|did)\b")
_PAST = re.compile(r"\b([a-z]{3,}ed|sang|wrote|won|played|plays|sings|became|began|holds|got|made|led)\b")
_NEGATION = re.compile(r"(?<=\w)(?: not|n't| never)\b|\b[Nn]o (?=[a-z])")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w])")
_NUMBER_WORDS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DATE = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b(?= ?\d)|(?<=\d )(?:{'|'.join(_MONTHS)})\b")
_UNITS = {
    "million": "billion", "billion": "million", "km": "miles", "mi": "km", "miles": "kilometres", "ft": "m", "m": "ft",
    "feet": "metres", "days": "weeks", "weeks": "days", "years": "months", "year": "month", "months": "years",
    "hours": "minutes", "minutes": "seconds", "seconds": "minutes", "percent": "million", "kg": "lb", "lb": "kg",
    "inches": "feet", "acres": "hectares", "episodes": "seasons", "seasons": "episodes", "points": "games",
}  # fmt: skip
_UNIT = re.compile(rf"(?<=\d[ -])(?:{'|'.join(_UNITS)})\b|(?<=\d)%")
_NAME = re.compile(r"(?<![.\"'\w])(?:[A-Z][\w'’-]+|[A-Z]\.)(?: (?:[A-Z][\w'’-]+|[A-Z]\.|of(?= [A-Z])))*")
_STARTERS = frozenset(
    [
        "The",
        "A",
        "An",
        "In",
        "On",
        "At",
        "As",
        "It",
        "He",
        "She",
        "They",
        "This",
        "These",
        "That",
        "There",
        "After",
        "Before",
        "During",
        "By",
        "For",
        "Since",
        "From",
        "With",
        "Most",
        "Some",
        "His",
        "Her",
        "Its",
        "Their",
        "When",
        "While",
        "Although",
        "However",
        "Also",
        "Both",
        "All",
        "Each",
        "One",
        "If",
        "According",
        "Of",
        "To",
        "And",
        "But",
    ]
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence and its quote; `context` is the passage around the quote. `kind` is a form or an alteration."""

    item: str
    kind: str
    form: str
    sentence: str
    quote: str
    context: str

    @property
    def is_supported(self) -> bool:
        """Whether the quote bears the sentence."""
        return self.kind in SUPPORTED_FORMS

    @property
    def is_held_back(self) -> bool:
        """Whether no weight and no threshold may be fitted on this pair; all pairs of an item are in one half."""
        return _hash(self.item, "half") % 2 == 1


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    question: str
    answer: str
    quote: str
    title: str
    text: str
    names: frozenset[str]

    def forms(self) -> dict[str, str]:
        """Return the supported sentences of this item by their form."""
        plain = _unspaced(self.quote)
        made = {
            "verbatim": plain,
            "clause": _clause(plain, self.answer),
            "reordered": _reordered(plain),
            "statement": _statement(self),
        }
        return {form: sentence for form, sentence in made.items() if sentence}


def read_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of a folder in the layout of QED, in the order of its evidence."""
    items = _items(folder)
    return [pair for item in items for pair in (*_supported(item), *_altered(item, items))]


def _items(folder: Path) -> list[_Item]:
    questions = {row["id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    answers = {row["id"]: row["answers"] for row in _rows(folder / "answers.jsonl")}
    documents = {row["id"]: row for row in _rows(folder / "corpus.jsonl")}
    names = _always_capital(documents.values())
    found: list[_Item] = []
    for row in _rows(folder / "evidence.jsonl"):
        quote = " ".join(row["sentences"])
        held = [answer for answer in answers[row["id"]] if answer in quote]
        document = documents[row["doc"]]
        answer = _unspaced(held[0]) if held else ""
        found.append(_Item(row["id"], questions[row["id"]], answer, quote, document["title"], document["text"], names))
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _supported(item: _Item) -> Iterator[Pair]:
    for form, sentence in item.forms().items():
        yield _pair(item, form, form, sentence)


def _pair(item: _Item, kind: str, form: str, sentence: str) -> Pair:
    return Pair(item.id, kind, form, sentence, item.quote, f"{item.title}\n{item.text}")


def _altered(item: _Item, items: Sequence[_Item]) -> Iterator[Pair]:
    changes: dict[str, Callable[[_Item, str, Sequence[_Item]], str]] = {
        "number": _with_number,
        "date or unit": _with_date_or_unit,
        "name": _with_name,
        "negation": _with_negation,
        "roles": _with_roles,
    }
    forms = item.forms()
    for kind, change in changes.items():
        ordered = sorted(forms, key=lambda form: _hash(item.id, kind, form))
        made = ((form, change(item, forms[form], items)) for form in ordered)
        form, sentence = next(((form, sentence) for form, sentence in made if sentence), ("", ""))
        if sentence:
            yield _pair(item, kind, form, sentence)
    yield from _misplaced(item, items)


def _misplaced(item: _Item, items: Sequence[_Item]) -> Iterator[Pair]:
    others = [other for other in items if other.title != item.title]
    if _hash(item.id, "nearest") % 2:  # half of them about something like it
        asked = set(item.question.split())
        other = max(others, key=lambda other: (len(asked & set(other.question.split())), other.id))
    else:
        other = others[_hash(item.id, "other") % len(others)]
    form, sentence = _chosen(list(other.forms().items()), item.id, "other")
    yield _pair(item, "other passage", form, sentence)
    texts = [_unspaced(item.text[start:end]) for start, end in split_sentences(item.text)]
    quote = _unspaced(item.quote)
    around = [text for text in texts if text[:40] not in quote and quote[:40] not in text and len(text) > 40]
    around = [text for text in around if not item.answer or item.answer not in text]
    if around:
        yield _pair(item, "neighbour", "verbatim", _chosen(around, item.id, "neighbour"))


def _unspaced(text: str) -> str:
    for pattern, replacement in _UNSPACED:
        text = re.sub(pattern, replacement, text)
    return text.strip()


def _clause(plain: str, answer: str) -> str:
    bare = re.sub(r"\s*\([^()]*\)", "", plain)
    parts = re.split(r"(?<=[,;])\s(?!\d)", bare)
    holding = next((number for number, part in enumerate(parts) if answer and answer in part), 0)
    kept = parts[: holding + 1]
    if len(kept) > 1 and _FRONTED.match(kept[0]):
        kept = kept[1:]
    clause = " ".join(kept).rstrip(" ,;.")
    cut = re.search(r"\s(?:and|but|which|who|while|although|where)\s", clause[clause.find(answer) + len(answer) :])
    if cut and cut.start():
        clause = clause[: clause.find(answer) + len(answer) + cut.start()]
    clause = clause[:1].upper() + clause[1:]
    return f"{clause}." if 20 < len(clause) < len(plain) - 8 else ""


def _reordered(plain: str) -> str:
    head, _, rest = plain.rstrip(".").partition(", ")
    if rest and _FRONTED.match(head) and len(rest) > 20 and not rest[0].isdigit() and head.count(" ") > 1:
        return f"{rest[:1].upper()}{rest[1:]}, {head[:1].lower()}{head[1:]}."
    front, _, tail = plain.rstrip(".").rpartition(", ")
    if front and _TRAILING.match(tail) and len(front) > 20:
        return f"{tail[:1].upper()}{tail[1:]}, {_lowered(front)}."
    return ""


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if text.split(" ", 1)[0] in _STARTERS else text


def _statement(item: _Item) -> str:
    question = _cased(item.question.strip(" ?"), item.names)
    made = _answered(question, item.answer) if item.answer else ""
    return f"{made[:1].upper()}{made[1:].rstrip('.')}." if made else ""


def _answered(question: str, answer: str) -> str:
    first, _, rest = question.partition(" ")
    verb, _, tail = rest.partition(" ")
    asked = first.casefold()
    if asked == "how" and (
        match := re.match(r"many (.+?) (?:are there|is there|were there|did|does|do|has|have) (.+)", rest)
    ):
        return f"There are {answer} {match[1]} {match[2]}"
    if asked == "who" and verb not in ("did", "does", "do"):
        return f"{answer} {rest}"
    if asked == "what" and verb in ("is", "are", "was", "were"):
        return f"{tail} {verb} {answer}"
    if asked in ("when", "where") and tail:
        return f"{_with_verb(verb, tail)} {_placed(asked, answer)}"
    return ""


def _with_verb(verb: str, tail: str) -> str:
    """Put an auxiliary back to where a statement has it: before the participle, else at the end."""
    if verb in ("did", "does", "do"):
        return tail
    match = re.search(r"\b\w+(?:ed|en|born|held|set|made|built|found|shot)\b", tail)
    return f"{tail[: match.start()]}{verb} {tail[match.start() :]}" if match and match.start() else f"{tail} {verb}"


def _placed(asked: str, answer: str) -> str:
    if re.match(r"(?:in|on|at|from|by|after|before|during|every|to|between|since|near|within|around)\b", answer, re.I):
        return answer
    return f"on {answer}" if asked == "when" and re.match(r"[A-Z]\w+ \d{1,2}\b", answer) else f"in {answer}"


def _cased(question: str, names: frozenset[str]) -> str:
    """Write words with a capital that the corpus never writes without, as a person or a model would."""
    return re.sub(r"\w+", lambda match: match[0].capitalize() if match[0].casefold() in names else match[0], question)


def _always_capital(documents: Iterable[dict[str, Any]]) -> frozenset[str]:
    capital, small = set[str](), set[str]()
    for document in documents:
        for word in re.findall(r"\w+", f"{document['title']} {document['text']}"):
            (capital if word[0].isupper() else small).add(word.casefold())
    return frozenset(capital - small)


def _with_number(item: _Item, sentence: str, _: Sequence[_Item]) -> str:
    spots = [match for match in (*_NUMBER.finditer(sentence), *_NUMBER_WORD.finditer(sentence))]
    for match in sorted(spots, key=lambda match: _hash(item.id, "spot", match[0])):
        changed = _other_number(match[0], item)
        if changed not in re.findall(r"[\w.,]+", _unspaced(item.quote)):
            return sentence[: match.start()] + changed + sentence[match.end() :]
    return ""


def _other_number(number: str, item: _Item) -> str:
    if number in _NUMBER_WORDS:
        place = _NUMBER_WORDS.index(number)
        return _NUMBER_WORDS[(place + 1 + _hash(item.id, "step") % 9) % len(_NUMBER_WORDS)]
    places = [place for place, sign in enumerate(number) if sign.isdigit()]
    place = places[_hash(item.id, "place") % len(places)]
    digit = str((int(number[place]) + 1 + _hash(item.id, "digit") % 8) % 10)
    digit = "9" if digit == "0" and place == 0 and number[0] != "9" else digit
    return number[:place] + digit + number[place + 1 :]


def _with_date_or_unit(item: _Item, sentence: str, _: Sequence[_Item]) -> str:
    for pattern, other in ((_DATE, _other_month), (_UNIT, lambda unit, _: " million" if unit == "%" else _UNITS[unit])):
        for match in pattern.finditer(sentence):
            changed = other(match[0], item)
            if changed.strip() not in item.quote.split():
                return sentence[: match.start()] + changed + sentence[match.end() :]
    return ""


def _other_month(month: str, item: _Item) -> str:
    return _MONTHS[(_MONTHS.index(month) + 1 + _hash(item.id, "month") % 11) % 12]


def _with_name(item: _Item, sentence: str, items: Sequence[_Item]) -> str:
    spots = _names(sentence)
    if not spots:
        return ""
    answer = [span for span in spots if item.answer and sentence[slice(*span)] in item.answer]
    start, end = _chosen(answer or spots, item.id, "which name")
    known = set(re.findall(r"\w+", f"{item.quote} {item.title}".casefold()))
    for step in range(20):
        other = items[_hash(item.id, "name", str(step)) % len(items)]
        quote = _unspaced(other.quote)
        names = [quote[slice(*span)] for span in _names(quote)]
        names = [name for name in names if not known & set(re.findall(r"\w+", name.casefold()))]
        same = [name for name in names if name.count(" ") == sentence[start:end].count(" ")]
        if same:
            return sentence[:start] + _chosen(same, item.id, "new name") + sentence[end:]
    return ""


def _names(text: str) -> list[tuple[int, int]]:
    """Return the spans of names: capitalised words, but a single one that begins the text, and months."""
    spans: list[tuple[int, int]] = []
    for match in _NAME.finditer(text):
        words = match[0].split(" ")
        start = match.start() + (len(words[0]) + 1 if words[0] in _STARTERS else 0)
        is_name = start < match.end() and text[start : match.end()] not in _MONTHS
        if is_name and (start > 0 or len(words) > 1):
            spans.append((start, match.end()))
    return spans


def _with_roles(item: _Item, sentence: str, _: Sequence[_Item]) -> str:
    names = _names(sentence)
    if len(names) < 2:
        return ""
    (a, b), (c, d) = names[0], names[1]
    between = sentence[b:c]
    if sentence[a:b] == sentence[c:d] or (not _AUX.search(between) and not _PAST.search(between)):
        return ""  # a list, where the order says nothing
    return sentence[:a] + sentence[c:d] + between + sentence[a:b] + sentence[d:]


def _with_negation(item: _Item, sentence: str, _: Sequence[_Item]) -> str:
    negation = _NEGATION.search(sentence)
    if negation and _hash(item.id, "remove") % 2:
        return sentence[: negation.start()] + sentence[negation.end() :]
    if (match := _AUX.search(sentence)) and not negation:
        return f"{sentence[: match.end()]} not{sentence[match.end() :]}"
    if (match := _PAST.search(sentence)) and not negation:
        return f"{sentence[: match.start()]}never {sentence[match.start() :]}"
    return ""


def _chosen(choices: Sequence[T], *words: str) -> T:
    return choices[_hash(*words) % len(choices)]


def _hash(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:8], "big")
