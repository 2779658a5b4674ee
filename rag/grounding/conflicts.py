"""Where documents give different numbers or dates for the same thing. Pure.

Two sentences disagree where they say the same but for one number or date of the same kind. Whether they say the same
is judged strictly: a word of content that only one of them has makes them sentences about two things, and so do other
names, other numbers and other headings. So it finds versions of one text, and statements in the same words; not every
contradiction.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from ingest.types import BlockKind
from rag.grounding.evidence import SentenceMatch
from rag.grounding.verification.lexicon import NEGATIONS
from rag.grounding.verification.quantities import Quantity, quantities
from rag.grounding.verification.tokenization import REMEMBERED_TEXTS, Reading, Word, read
from rag.types import Conflict, Quote, StatedValue

MIN_TELLING_WORDS = 2
"""Fewer words do not say what a number is about."""
MIN_WORDS_OF_STRANGERS = 4
"""The same for documents whose titles have nothing in common: `The season has 12 episodes` is about another season."""
MAX_VALUES = 3
"""Texts of which each has another value are a series, like invoices; versions of one text are few."""

_QUALIFYING = """
least most under over above below before after during between until since from up within beyond without each per
every only about around than more less fewer first last next previous
mindestens höchstens maximal minimal unter über vor nach während bis seit ab innerhalb ohne je pro nur etwa rund
mehr weniger erste letzte nächste
moins plus sous sur avant après pendant jusque depuis dans sans par chaque seulement environ premier dernier
menos más bajo antes después durante hasta desde sin cada solo unos primero último
meno più sotto sopra prima dopo durante fino entro senza ogni solo circa primo ultimo
mais sob sobre antes depois até apenas cerca primeiro
minstens hoogstens onder boven voor na tijdens tot sinds binnen zonder elke alleen ongeveer meer minder
eerste laatste
"""
_QUALIFIERS = frozenset(_QUALIFYING.split())
"""Small words that make another statement of one: at least or at most, before or after."""
_UNCHANGING = """
amounts equals lasts totals currently now today presently
beträgt dauert derzeit jetzt heute aktuell
dure actuellement maintenant
dura asciende actualmente ahora
ammonta attualmente adesso
atualmente agora
bedraagt duurt momenteel nu
"""
_NEUTRAL = frozenset(_UNCHANGING.split())
"""Words of content that change nothing of what a number is given for."""
_HAPPENING_ONCE = """
founded established born died built completed invented discovered created formed incorporated
gegründet geboren gestorben gebaut erbaut fertiggestellt erfunden entdeckt geschaffen
fondé fondée né née mort morte construit construite inventé inventée découvert découverte créé créée
fundado fundada nació murió construido construida inventado inventada descubierto descubierta creado creada
fondato fondata nato nata morto morta costruito costruita inventato inventata scoperto scoperta creato creata
nasceu morreu construído construída descoberto descoberta criado criada
opgericht overleden gebouwd uitgevonden ontdekt
"""
_ONCE = frozenset(_HAPPENING_ONCE.split())
"""What happens once, so that two years for it cannot both be right; a meeting takes place every year."""
_YEARS = range(1_000, 2_200)

QuoteOf = Callable[[SentenceMatch], Quote]
Span = tuple[int, int]


def find_conflicts(
    cited: Sequence[SentenceMatch], others: Sequence[SentenceMatch], quote_of: QuoteOf
) -> tuple[Conflict, ...]:
    """Return where `others` give another number or date than the sentences that an answer is pinned to.

    There is one for each number of a cited sentence that something else is said of, with every value once.
    `quote_of` is called for what is returned alone.
    """
    found: dict[frozenset[tuple[str, int]], Conflict] = {}
    for match in _each_once(cited):
        for spans in _differing_values(match, _each_once(others)).values():
            if 1 < len(spans) <= MAX_VALUES:
                values = tuple(StatedValue(quote_of(each), *span) for each, span in spans)
                key = frozenset((each.stored.file_id, each.start) for each, _ in spans)
                found.setdefault(key, Conflict(values))
    return tuple(found.values())


def _differing_values(
    match: SentenceMatch, others: Iterable[SentenceMatch]
) -> dict[Span, list[tuple[SentenceMatch, Span]]]:
    """Return by the place of each number of a sentence who else says something else of it, that sentence first."""
    found: dict[Span, list[tuple[SentenceMatch, Span]]] = {}
    said: dict[Span, list[Quantity]] = {}
    for other in others:
        if (difference := _difference(match, other)) is not None:
            mine, theirs = difference
            place = _span(mine)
            known = said.setdefault(place, [mine])
            values = found.setdefault(place, [(match, place)])
            if not any(theirs.is_borne_by(value) for value in known):
                known.append(theirs)
                values.append((other, _span(theirs)))
    return found


def _span(quantity: Quantity) -> Span:
    """Return where a value stands, without a full stop that is taken for part of a date."""
    return quantity.start, quantity.start + len(quantity.text.rstrip(" ."))


def _difference(one: SentenceMatch, other: SentenceMatch) -> tuple[Quantity, Quantity] | None:
    """Return the one number in which two sentences about the same thing differ, as each has it."""
    mine, theirs = _quantities(one.text), _quantities(other.text)
    if not mine or len(mine) != len(theirs) or not _can_be_compared(one, other):
        return None
    differing = [
        (said, instead)
        for said, instead in zip(mine, theirs, strict=True)
        if not (said.is_borne_by(instead) or instead.is_borne_by(said))
    ]
    if len(differing) != 1 or not _is_about_the_same(one, other):
        return None
    said, instead = differing[0]
    if not said.measures_like(instead) or _is_label(one.text, said) or _is_label(other.text, instead):
        return None
    if _are_other_years(said, instead) and not any(word.text.casefold() in _ONCE for word in read(one.text).words):
        return None
    return said, instead


def _can_be_compared(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether two sentences stand in places that can speak of the same thing.

    The rows of one document list different things; only a row of another document can be the same row.
    """
    is_same_document = (one.stored.collection_id, one.stored.file_id) == (
        other.stored.collection_id,
        other.stored.file_id,
    )
    if is_same_document and one.start < other.end and other.start < one.end:
        return False
    kinds = {one.stored.chunk.kind, other.stored.chunk.kind}
    return kinds == {BlockKind.PROSE} or (kinds == {BlockKind.TABLE} and not is_same_document)


def _is_about_the_same(one: SentenceMatch, other: SentenceMatch) -> bool:
    mine, theirs = extract_topic_words(one.text), extract_topic_words(other.text)
    least = MIN_TELLING_WORDS if _are_kin(one, other) else MIN_WORDS_OF_STRANGERS
    return mine == theirs and len(set(mine)) >= least and _have_like_headings(one, other)


def _are_kin(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether the titles, which come first in the context of a chunk, share a word; those of versions do."""
    titles = [set(extract_topic_words(match.stored.chunk.context.partition("\n")[0])) for match in (one, other)]
    return bool(titles[0] & titles[1]) or one.stored.file_id == other.stored.file_id


def _have_like_headings(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether the headings have the same words, numbers aside, where both have one."""
    above = [extract_topic_words("\n".join(match.stored.chunk.heading_path)) for match in (one, other)]
    return above[0] == above[1] or not all(above)


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _quantities(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text))


@lru_cache(maxsize=REMEMBERED_TEXTS)
def extract_topic_words(text: str) -> tuple[str, ...]:
    """Return the words that say what a sentence is about, in their order, without its numbers."""
    reading = read(text)
    return tuple(word.stem for word in reading.words if _tells(word) and not _is_in_a_quantity(word, reading))


def _tells(word: Word) -> bool:
    folded = word.text.casefold()
    if folded in _NEUTRAL:
        return False
    is_letter = len(word.text) == 1 and word.text.isupper()
    return word.is_content or is_letter or folded in _QUALIFIERS or folded in NEGATIONS


def _is_in_a_quantity(word: Word, reading: Reading) -> bool:
    return any(quantity.start <= word.start < quantity.end for quantity in reading.quantities)


def _is_label(text: str, quantity: Quantity) -> bool:
    """Whether a number names a thing instead of counting it: the 2 of `Room 2`, the year that an entry begins with."""
    before, after = read(text[: quantity.start]).words, read(text[quantity.end :]).words
    if not any(word.is_content for word in before):
        return True
    if quantity.unit or quantity.dates:
        return False
    if quantity.is_word:
        return True  # second, third: which one it is, not how many
    last = before[-1]
    is_joined = not text[last.end : quantity.start].strip(" .#:-")
    counts_something = bool(after) and after[0].is_content and not text[quantity.end :][: after[0].start].strip()
    return last.text[0].isupper() or (is_joined and last.is_content and not counts_something)


def _are_other_years(said: Quantity, instead: Quantity) -> bool:
    """Whether two values are different years, or dates of different years."""
    if said.dates:
        years = [{date.year for date in quantity.dates if date.year} for quantity in (said, instead)]
        return all(years) and not years[0] & years[1]
    values = [value for quantity in (said, instead) for value in quantity.values]
    return not said.unit and all(value.isdecimal() and int(value) in _YEARS for value in values)


def _each_once(matches: Iterable[SentenceMatch]) -> list[SentenceMatch]:
    places = {(match.stored.collection_id, match.stored.file_id, match.start): match for match in matches}
    return list(places.values())
