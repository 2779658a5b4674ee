"""Verdicts on sentences against quotes."""

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rag.grounding.verification import verify_claim

QUOTE = "The pump must be serviced every 12 months by a certified engineer."
WORDS = (
    "the pump is not oiled every months kg % Miller March 2026-03-01 1.500 7 12 1,5 first two zwei Die Pumpe wird nie "
    "geölt pas jamais más € NASA A320 don't , . ( ) - May 泵必须每12个月维护一次。 насос हर दिन"
)
TEXTS = st.lists(st.sampled_from(WORDS.split(" ")), min_size=1, max_size=14).map(" ".join)
SPACES = st.sampled_from([" ", "  ", "\n", "\t", "\u00a0"])


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("The pump must be serviced every 12 months.", "supported"),
        ("A certified engineer services the pump every 12 months.", "supported"),
        ("The pump must be serviced every 18 months.", "unsupported"),
        ("The pump must be serviced by the certified engineer Miller.", "partly"),
        ("The pump must not be serviced by a certified engineer.", "unsupported"),
        ("The engineer must be serviced every 12 months by a certified pump.", "partly"),
        ("Lunch is served at noon.", "unsupported"),
        ("The lunch break takes 45 minutes in every hall of the pump house.", "unsupported"),
    ],
)
def test_a_sentence_is_judged_by_its_words_numbers_and_negation(sentence: str, verdict: str) -> None:
    assert verify_claim(sentence, QUOTE, similarity=0.4).verdict == verdict


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The pump must be serviced every 18 months.", "“18 months” is not in the quote, which says “12 months”"),
        ("The pump must be serviced by the engineer Anna Miller.", "“Anna Miller” is not in the quote"),
        (
            "The pump must not be serviced.",
            "one of sentence and quote is negated at “serviced”, the other is not",
        ),
        (
            "The engineer must be serviced every 12 months by a certified pump.",
            "“engineer” and “pump” stand the other way round in the quote",
        ),
        (
            "Miller oils the noisy old valve for the pump.",
            "17% of its words are in the quote; missing are “Miller”, “oils”, “noisy” and others",
        ),
    ],
)
def test_reasons_are_in_words(sentence: str, reason: str) -> None:
    assert verify_claim(sentence, QUOTE, 0.6).reasons == (reason,)


def test_a_word_in_the_place_of_another_is_named() -> None:
    support = verify_claim("The old blue pump leaks badly.", "The old green pump works.", 0.2)
    assert support.verdict == "partly"
    assert support.reasons[0] == "“blue” stands where the quote has “green”"


def test_an_opposite_in_the_same_place_is_named() -> None:
    support = verify_claim("The pressure rises above 5 bar.", "The pressure rises below 5 bar.", 0.9)
    assert (support.verdict, support.reasons) == (
        "partly",
        ("“above” is the opposite of “below”, which stands in the quote",),
    )


def test_every_missing_number_is_named() -> None:
    assert verify_claim("It takes 18 months and 3 engineers.", QUOTE, 0.6).reasons[:2] == (
        "“18 months” is not in the quote, which says “12 months”",
        "“3” is not in the quote",
    )


def test_a_supported_sentence_needs_no_reason() -> None:
    assert verify_claim(QUOTE, QUOTE, 1.0).reasons == ()


def test_the_verdict_is_cut_from_the_score() -> None:
    sentences = ["Lunch is served at noon.", "The pump is serviced by Miller.", "The pump is serviced.", QUOTE]
    judged = [verify_claim(sentence, QUOTE, 0.5) for sentence in sentences]
    assert [support.verdict for support in judged] == ["unsupported", "partly", "supported", "supported"]
    scores = [support.score for support in judged]
    assert scores == sorted(scores)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("1,5 litres", "15 litres"),
        ("20 degrees", "-20 degrees"),
        ("3.5 bar", "35 bar"),
        ("14 days", "14 weeks"),
        ("5 kg", "5 g"),
        ("3 million", "3 billion"),
        ("50 €", "50 $"),
        ("50 %", "50 kg"),
        ("1 March 2026", "1 May 2026"),
        ("2026-03-01", "1. März 2027"),
        ("two valves", "three valves"),
        ("6 and 5 litres", "5 and 6 litres"),
    ],
)
def test_numbers_that_only_look_alike_are_not_the_same(said: str, written: str) -> None:
    assert verify_claim(f"The tank has {said}.", f"The tank has {written}.", 0.9).verdict == "unsupported"


def test_a_day_that_does_not_exist_is_no_date() -> None:
    assert verify_claim("It starts on June 0.", "It starts on June 9.", 0.9).verdict != "supported"


def test_a_part_number_is_no_negation() -> None:
    assert verify_claim("Order part No. 17 today.", "Order part 17 today.", 0.9).verdict == "supported"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("1000 litres", "1,000 litres"),
        ("7 litres", "07 litres"),
        ("2.5 bar", "2.50 bar"),
        ("1500 m", "1.500 m"),
        ("1,5 l", "1.5 l"),
        ("7 731 004 SEK", "7,731,004 SEK"),
        ("1.8 billion dollars", "$1,800,000,000"),
        ("1,8 Mrd. €", "1.8 billion EUR"),
        ("98 percent", "98 %"),
        ("5 kilograms", "5 kg"),
        ("5 Kilogramm", "5000 g"),
        ("24 hours", "1 day"),
        ("5 km", "5 - kilometre ( 3.1 mi )"),
        ("2 valves", "two valves"),
        ("21 valves", "twenty-one valves"),
        ("2 valves", "zwei valves"),
        ("1 March 2026", "2026-03-01"),
        ("March 1st, 2026", "1. März 2026"),
        ("1 de marzo de 2026", "01.03.2026"),
        ("March 2026", "March 1, 2026"),
        ("2026", "1er mars 2026"),
        ("2026年3月1日", "2026-03-01"),
    ],
)
def test_a_number_or_date_is_the_same_however_it_is_written(said: str, written: str) -> None:
    assert verify_claim(f"The tank holds {said}.", f"The tank holds {written}.", 0.9).verdict == "supported"


def test_a_date_may_stand_in_two_parts() -> None:
    quote = "In 2026 the drill takes place on March 1."
    assert verify_claim("The drill takes place on 1 March 2026.", quote, 0.9).verdict == "supported"


def test_a_number_may_be_said_twice() -> None:
    sentence = "In 2026 the pump is new, and in 2026 the valve is new."
    assert (
        verify_claim(sentence, "The pump and the valve, both of 2026, are new for 12 years and 6 months.", 0.9).verdict
        == "supported"
    )


@pytest.mark.parametrize(
    ("affirmed", "denied"),
    [
        ("The pump is oiled.", "The pump isn't oiled."),
        ("Die Pumpe wird geölt.", "Die Pumpe wird nicht geölt."),
        ("Die Pumpe hat ein Ventil.", "Die Pumpe hat kein Ventil."),
        ("La pompe est ouverte.", "La pompe n'est pas ouverte."),
        ("La bomba debe abrirse.", "La bomba no debe abrirse."),
        ("La pompa si apre.", "La pompa non si apre."),
        ("A bomba abre.", "A bomba não abre."),
        ("De pomp is geopend.", "De pomp is niet geopend."),
    ],
)
def test_a_negation_on_one_side_only_is_never_supported(affirmed: str, denied: str) -> None:
    assert verify_claim(affirmed, denied, 0.9).verdict == "unsupported"
    assert verify_claim(denied, affirmed, 0.9).verdict == "unsupported"
    assert verify_claim(denied, denied, 1.0).verdict == "supported"


def test_a_negation_elsewhere_in_the_quote_counts_for_nothing() -> None:
    quote = "The pump is oiled every month, but the valve is never cleaned."
    assert verify_claim("The pump is oiled every month.", quote, 0.8).verdict == "supported"
    assert verify_claim("Not only the pump is oiled.", "The pump is oiled.", 0.8).verdict == "supported"


def test_similar_words_alone_are_not_enough() -> None:
    assert verify_claim("Employees may rest on free days.", "Workers pause each weekend.", 0.8).verdict == "partly"


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The battery is examined for damage.", "Damaged batteries stay in quarantine for 72 hours."),
        ("The pump is painted every month.", "The pump is oiled every month."),
        ("Visitors park in the yard.", "Visitors sign in at the yard gate."),
        ("The invoice is rejected by accounting.", "Accounting files the invoice for ten years."),
        ("Die Batterie wird auf Schäden untersucht.", "Beschädigte Batterien bleiben 72 Stunden in Quarantäne."),
        ("Die Rechnung wird vom Einkauf geprüft.", "Der Einkauf legt die Rechnung ab."),
        ("La batterie est examinée.", "La batterie reste en quarantaine pendant 72 heures."),
        ("Le contrat est signé par le client.", "Le client reçoit le contrat par courrier."),
        ("La batería se revisa en el taller.", "La batería permanece en el taller durante 72 horas."),
        ("El pedido se cancela por correo.", "El pedido llega por correo en dos días."),
        ("La batteria viene esaminata.", "La batteria resta in quarantena per 72 ore."),
        ("A bateria é examinada.", "A bateria fica em quarentena por 72 horas."),
        ("De accu wordt onderzocht.", "De accu blijft 72 uur in quarantaine."),
        ("De klant betaalt de factuur.", "De klant ontvangt de factuur per post."),
    ],
)
def test_a_topic_in_common_is_no_support_without_the_predicate(sentence: str, quote: str) -> None:
    assert verify_claim(sentence, quote, 0.75, context=quote).verdict != "supported"
    assert verify_claim(sentence, (quote, sentence), 1.0).verdict == "supported"


def test_a_number_in_place_of_the_quotes_is_named_with_it_though_the_passage_has_it() -> None:
    support = verify_claim(
        "The filter costs 30 EUR.", "The filter costs 12 EUR.", 0.9, context="The valve costs 30 EUR."
    )
    assert support.verdict != "supported"
    assert support.reasons[0] == "“30 EUR” is not in the quote, which says “12 EUR”"


@pytest.mark.parametrize("invented", ["by Anna Miller", "in 1998", "at Kestrel Works"])
def test_what_no_passage_mentions_is_never_supported_however_long_the_sentence(invented: str) -> None:
    sentence = f"{QUOTE[:-1]} with a clean rag, fresh oil, new gloves, safe boots and a calm and steady hand"
    assert verify_claim(f"{sentence} {invented}.", f"{sentence}.", 0.95).verdict != "supported"


def test_a_word_that_another_passage_has_weighs_less_than_one_that_none_has() -> None:
    sentence = "The pump and its green valve must be serviced every 12 months."
    alone = verify_claim(sentence, QUOTE, 0.8, context=QUOTE)
    assert verify_claim(sentence, QUOTE, 0.8, context=QUOTE, passages=("The green valve leaks.",)).score > alone.score


def test_two_quotes_bear_a_sentence_together() -> None:
    quotes = ["The pump is oiled every 3 months.", "The valve was built by Miller in 1998."]
    sentence = "The pump is oiled every 3 months and the valve was built in 1998."
    assert verify_claim(sentence, quotes, 0.7).verdict == "supported"
    assert verify_claim(sentence, quotes[:1], 0.7).verdict != "supported"
    assert verify_claim(sentence.replace("1998", "1989"), quotes, 0.7).reasons == (
        "“1989” is not in the quotes, which say “1998”",
    )


def test_numbers_of_two_quotes_are_not_read_as_one() -> None:
    assert verify_claim("It has 12 500.", ["It has 12", "500 litres"], 0.9).verdict != "supported"


def test_a_name_that_only_the_passage_has_is_what_the_quote_calls_it() -> None:
    quote, sentence = "It entered the United States in 1997.", "Red Bull entered the United States in 1997."
    assert verify_claim(sentence, quote, 0.8).verdict == "partly"
    assert verify_claim(sentence, quote, 0.8, context=f"Red Bull\nRed Bull is a drink. {quote}").verdict == "supported"


def test_a_number_that_only_the_passage_has_is_not_enough() -> None:
    support = verify_claim("The pump takes 5 litres.", "The pump takes oil.", 0.8, context="The tank holds 5 litres.")
    assert support.verdict == "partly"
    assert support.reasons[0] == "“5 litres” is in the passage, but not in the quote"


def test_an_abbreviation_stands_for_its_words() -> None:
    quote = "Rules of the World Health Organization apply."
    assert verify_claim("Rules of the WHO apply.", quote, 0.8).verdict == "supported"
    assert verify_claim("Rules of the WTO apply.", quote, 0.8).verdict == "partly"


def test_german_nouns_are_no_names() -> None:
    quote = "Die Wartung der Pumpe ist alle 12 Monate mit dem Ingenieur fällig."
    assert verify_claim("Die Pumpe ist alle 12 Monate mit dem Fachmann zu warten.", quote, 0.8).verdict == "supported"


def test_scripts_without_spaces_or_capitals_are_judged_too() -> None:
    quote = "泵必须每12个月由认证工程师维护一次。"
    assert verify_claim("泵必须每12个月维护一次。", quote, 0.9).verdict == "supported"
    assert verify_claim("泵必须每18个月维护一次。", quote, 0.9).verdict == "unsupported"
    assert verify_claim("पंप हर १२ महीने चलता है।", "पंप हर 12 महीने चलता है।", 0.9).verdict == "supported"
    assert verify_claim("पंप हर १३ महीने चलता है।", "पंप हर 12 महीने चलता है।", 0.9).verdict == "unsupported"


@pytest.mark.parametrize("sentence", ["", " ", "...", "It is."])
def test_what_says_nothing_is_judged_without_an_error(sentence: str) -> None:
    assert 0 <= verify_claim(sentence, QUOTE, 0.0).score <= 1
    assert 0 <= verify_claim(QUOTE, sentence, 0.0).score <= 1


@given(st.text(max_size=60) | TEXTS, st.floats(-1, 1))
def test_a_sentence_that_equals_its_quote_is_supported(text: str, similarity: float) -> None:
    assert verify_claim(text, text, similarity).verdict == "supported"


@given(TEXTS, st.data())
@example("x 5 y x May 5 y", None)
@example("6 5 5", None)
@example("May 1.7", None)
@example("7 € 1.500", None)
def test_a_changed_digit_is_never_supported(text: str, data: st.DataObject | None) -> None:
    places = [place for place, sign in enumerate(text) if sign in string.digits]
    assume(places)
    place = data.draw(st.sampled_from(places)) if data else places[-1]
    digit = data.draw(st.sampled_from(string.digits)) if data else "6"
    changed = text[:place] + digit + text[place + 1 :]
    assume(changed != text)
    assert verify_claim(changed, text, 1.0).verdict != "supported"


@given(TEXTS, TEXTS, st.lists(SPACES, min_size=1, max_size=5))
def test_white_space_never_changes_the_verdict(text: str, quote: str, spaces: list[str]) -> None:
    words = text.split(" ")
    respaced = "".join(f"{spaces[place % len(spaces)]}{word}" for place, word in enumerate(words))
    assert verify_claim(respaced, quote, 0.5).score == verify_claim(text, quote, 0.5).score


@given(TEXTS, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_case_never_changes_the_verdict_on_the_words_of_the_quote(text: str, recase: object) -> None:
    assert callable(recase)
    assert verify_claim(recase(text), text, 0.5).verdict == "supported"
    assert verify_claim(text, recase(text), 0.5).verdict == "supported"


def test_a_date_with_a_time_is_a_date() -> None:
    quote = "The pump was serviced. (2018-07-28T04:57:12+10:00)"
    assert verify_claim("The pump was serviced on 28 July 2018.", quote, 0.8).verdict == "supported"
    assert verify_claim("The pump was serviced on 29 July 2018.", quote, 0.8).verdict != "supported"


def test_a_negated_word_that_the_quote_lacks_is_no_contradiction() -> None:
    quote = "The pump is old and red."
    assert verify_claim("The pump is not oiled.", quote, 0.7).verdict == "partly"
    assert verify_claim("The pump is not red.", quote, 0.7).verdict == "unsupported"


def test_a_number_beside_the_same_function_word_is_not_in_the_place_of_another() -> None:
    quote = "The pump was built in May 2003."
    support = verify_claim("The pump was repaired in 2018.", quote, 0.7, context=quote)
    assert support.verdict == "partly"
    assert verify_claim("The pump has 4 valves.", "The pump has 5 valves.", 0.7).verdict == "unsupported"


def test_words_in_small_letters_may_be_names_where_capitals_mark_none() -> None:
    quote, said = "the pump was built by a firm in ohio.", "the pump was built by kestrel in ohio."
    with_names = "The Pump was built by a firm in Ohio. Kim and Lee paid Ann for it."
    assert verify_claim(said, quote, 0.8).score < verify_claim(said, with_names, 0.8).score


def test_what_a_quote_marks_as_struck_out_supports_nothing() -> None:
    quote = "The monthly fee is EUR 4,150. [struck out: EUR 3,400]"
    assert verify_claim("The monthly fee is EUR 4,150.", quote, 0.9, context=quote).verdict == "supported"
    assert verify_claim("The monthly fee is EUR 3,400.", quote, 0.9, context=quote).verdict == "unsupported"
