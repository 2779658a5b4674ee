"""Find conflicts: different numbers or dates that documents state for the same subject. Pure.

Two sentences conflict if they state the same but for one number or date of the same kind. "The same" is strict: one
content word, name, other number or heading that only one of them has makes two subjects of them. So this finds versions
of one text and statements in the same words, not every contradiction.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from ingest.types import BlockKind
from rag.grounding.evidence import SentenceMatch
from rag.grounding.verification.lexicon import NEGATIONS
from rag.grounding.verification.quantities import Quantity, find_quantities
from rag.grounding.verification.tokenization import CACHED_TEXTS, TokenizedText, Word, tokenize
from rag.types import Conflict, Quote, StatedValue

MIN_TOPIC_WORDS = 2
"""Fewer words do not identify the subject of a number."""
MIN_UNRELATED_TOPIC_WORDS = 4
"""The same for documents whose titles share no word: `The season has 12 episodes` is about another season there."""
MAX_VALUES = 3
"""Texts that each have another value are a series, like invoices; versions of one text are few."""

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
"""Function words that change a statement: at least or at most, before or after."""
_NEUTRAL_LIST = """
amounts equals lasts totals currently now today presently
beträgt dauert derzeit jetzt heute aktuell
dure actuellement maintenant
dura asciende actualmente ahora
ammonta attualmente adesso
atualmente agora
bedraagt duurt momenteel nu
"""
_NEUTRAL = frozenset(_NEUTRAL_LIST.split())
"""Content words that do not change the subject of a number."""
_SINGLE_EVENT_LIST = """
founded established born died built completed invented discovered created formed incorporated
gegründet geboren gestorben gebaut erbaut fertiggestellt erfunden entdeckt geschaffen
fondé fondée né née mort morte construit construite inventé inventée découvert découverte créé créée
fundado fundada nació murió construido construida inventado inventada descubierto descubierta creado creada
fondato fondata nato nata morto morta costruito costruita inventato inventata scoperto scoperta creato creata
nasceu morreu construído construída descoberto descoberta criado criada
opgericht overleden gebouwd uitgevonden ontdekt
"""
_SINGLE_EVENTS = frozenset(_SINGLE_EVENT_LIST.split())
"""Events that happen once, so that two years conflict; a meeting takes place every year."""
_YEARS = range(1_000, 2_200)

MakeQuote = Callable[[SentenceMatch], Quote]
Span = tuple[int, int]


def find_conflicts(
    cited: Sequence[SentenceMatch], others: Sequence[SentenceMatch], make_quote: MakeQuote
) -> tuple[Conflict, ...]:
    """Return the conflicts of the sentences that an answer cites with `others`.

    There is one conflict for each number of a cited sentence that others state differently; it has each value once.
    `make_quote` is called for returned values alone.
    """
    conflicts: dict[frozenset[tuple[str, int]], Conflict] = {}
    for sentence in _deduplicate(cited):
        for statements in _differing_values(sentence, _deduplicate(others)).values():
            if 1 < len(statements) <= MAX_VALUES:
                values = tuple(StatedValue(make_quote(match), *span) for match, span in statements)
                key = frozenset((match.stored.file_id, match.start) for match, _ in statements)
                conflicts.setdefault(key, Conflict(values))
    return tuple(conflicts.values())


def _differing_values(
    sentence: SentenceMatch, others: Iterable[SentenceMatch]
) -> dict[Span, list[tuple[SentenceMatch, Span]]]:
    """Return, by the span of a number in `sentence`, the statements of distinct values for it, that sentence first."""
    statements: dict[Span, list[tuple[SentenceMatch, Span]]] = {}
    values: dict[Span, list[Quantity]] = {}
    for other in others:
        if (difference := _find_difference(sentence, other)) is not None:
            own, differing = difference
            span = _value_span(own)
            distinct = values.setdefault(span, [own])
            of_span = statements.setdefault(span, [(sentence, span)])
            if not any(differing.is_stated_by(value) for value in distinct):
                distinct.append(differing)
                of_span.append((other, _value_span(differing)))
    return statements


def _value_span(quantity: Quantity) -> Span:
    """Return the span of a value, without a full stop that was parsed as part of a date."""
    return quantity.start, quantity.start + len(quantity.text.rstrip(" ."))


def _find_difference(one: SentenceMatch, other: SentenceMatch) -> tuple[Quantity, Quantity] | None:
    """Return the one number in which two sentences about the same subject differ, as each states it."""
    quantities, other_quantities = _cached_quantities(one.text), _cached_quantities(other.text)
    if not quantities or len(quantities) != len(other_quantities) or not _are_comparable(one, other):
        return None
    differing = [
        (quantity, instead)
        for quantity, instead in zip(quantities, other_quantities, strict=True)
        if not (quantity.is_stated_by(instead) or instead.is_stated_by(quantity))
    ]
    if len(differing) != 1 or not _have_same_subject(one, other):
        return None
    quantity, instead = differing[0]
    if not quantity.has_dimension_of(instead) or _is_label(one.text, quantity) or _is_label(other.text, instead):
        return None
    if _are_different_years(quantity, instead) and not _states_single_event(one.text):
        return None
    return quantity, instead


def _states_single_event(text: str) -> bool:
    return any(word.text.casefold() in _SINGLE_EVENTS for word in tokenize(text).words)


def _are_comparable(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether two sentences can be about the same subject, by their documents and kinds of chunk.

    The rows of a table list different things, so a row can only be the same as a row of another document.
    """
    is_same_document = (one.stored.collection_id, one.stored.file_id) == (
        other.stored.collection_id,
        other.stored.file_id,
    )
    if is_same_document and one.start < other.end and other.start < one.end:
        return False
    kinds = {one.stored.chunk.kind, other.stored.chunk.kind}
    return kinds == {BlockKind.PROSE} or (kinds == {BlockKind.TABLE} and not is_same_document)


def _have_same_subject(one: SentenceMatch, other: SentenceMatch) -> bool:
    words, other_words = extract_topic_words(one.text), extract_topic_words(other.text)
    min_words = MIN_TOPIC_WORDS if _are_related(one, other) else MIN_UNRELATED_TOPIC_WORDS
    return words == other_words and len(set(words)) >= min_words and _have_same_headings(one, other)


def _are_related(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether the titles (the first line of a chunk's context) share a word, as those of versions do."""
    titles = [set(extract_topic_words(match.stored.chunk.context.partition("\n")[0])) for match in (one, other)]
    return bool(titles[0] & titles[1]) or one.stored.file_id == other.stored.file_id


def _have_same_headings(one: SentenceMatch, other: SentenceMatch) -> bool:
    """Whether the headings have the same topic words; True if either has none."""
    heading_words = [extract_topic_words("\n".join(match.stored.chunk.heading_path)) for match in (one, other)]
    return heading_words[0] == heading_words[1] or not all(heading_words)


@lru_cache(maxsize=CACHED_TEXTS)
def _cached_quantities(text: str) -> tuple[Quantity, ...]:
    return tuple(find_quantities(text))


@lru_cache(maxsize=CACHED_TEXTS)
def extract_topic_words(text: str) -> tuple[str, ...]:
    """Return the stems of the words that identify a sentence's subject, in order, without its numbers."""
    tokenized = tokenize(text)
    return tuple(word.stem for word in tokenized.words if _is_topic_word(word) and not _is_in_quantity(word, tokenized))


def _is_topic_word(word: Word) -> bool:
    folded = word.text.casefold()
    if folded in _NEUTRAL:
        return False
    is_letter = len(word.text) == 1 and word.text.isupper()
    return word.is_content or is_letter or folded in _QUALIFIERS or folded in NEGATIONS


def _is_in_quantity(word: Word, text: TokenizedText) -> bool:
    return any(quantity.start <= word.start < quantity.end for quantity in text.quantities)


def _is_label(text: str, quantity: Quantity) -> bool:
    """Whether a number is a label and no amount: the 2 of `Room 2`, or the year that begins an entry."""
    before, after = tokenize(text[: quantity.start]).words, tokenize(text[quantity.end :]).words
    if not any(word.is_content for word in before):
        return True
    if quantity.unit or quantity.dates:
        return False
    if quantity.is_word:
        return True  # second, third: an ordinal, no amount
    last = before[-1]
    is_joined = not text[last.end : quantity.start].strip(" .#:-")
    counts_something = bool(after) and after[0].is_content and not text[quantity.end :][: after[0].start].strip()
    return last.text[0].isupper() or (is_joined and last.is_content and not counts_something)


def _are_different_years(quantity: Quantity, instead: Quantity) -> bool:
    """Whether two values are different years, or dates of different years."""
    if quantity.dates:
        years = [{date.year for date in each.dates if date.year} for each in (quantity, instead)]
        return all(years) and not years[0] & years[1]
    values = [value for each in (quantity, instead) for value in each.values]
    return not quantity.unit and all(value.isdecimal() and int(value) in _YEARS for value in values)


def _deduplicate(matches: Iterable[SentenceMatch]) -> list[SentenceMatch]:
    by_position = {(match.stored.collection_id, match.stored.file_id, match.start): match for match in matches}
    return list(by_position.values())
