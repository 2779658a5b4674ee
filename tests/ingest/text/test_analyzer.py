"""The analyzer: equal terms for words that differ in case, accents, endings or width, in any script."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.analyzer import extract_terms, join_terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The PUMPS were inspected", "the pump was inspecting"),
        ("ﬁnal oﬃce", "final office"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Straße", "STRASSE"),
        ("café résumé", "cafe resume"),
        ("cafe\u0301", "caf\u00e9"),
        ("Verträge", "Vertrag"),
        ("договоры", "договор"),
        ("συμβάσεις", "συμβάσεων"),
        ("العقود", "عقود"),
        ("किताबें", "किताब"),
    ],
)
def test_forms_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    shared = set(extract_terms(one)) & set(extract_terms(other))
    assert len(shared) >= len(extract_terms(other)) - 1
    assert shared


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("契約書の有効期間は三年です。", "有効期間"),
        ("本合同自签字之日起生效。", "合同"),
        ("계약은 서명한 날부터 유효하다.", "계약"),
        ("สัญญานี้มีผลบังคับใช้ตั้งแต่วันที่ลงนาม", "บังคับใช้"),
    ],
)
def test_scripts_without_spaces_are_found_by_a_part(text: str, part: str) -> None:
    assert set(extract_terms(part)) <= set(extract_terms(text))


def test_pairs_of_characters_overlap_and_han_characters_also_stand_alone() -> None:
    assert extract_terms("有効期") == ["有効", "効期", "有", "効", "期"]
    assert extract_terms("かな") == ["かな"]
    assert extract_terms("本") == ["本"]


def test_scripts_are_taken_apart_where_they_meet() -> None:
    assert extract_terms("iPhone用ケース") == ["iphon", "用ケ", "ケー", "ース", "用"]


def test_codes_keep_every_sign() -> None:
    assert extract_terms("AB1234567890 and 2026-11-24") == ["ab1234567890", "and", "2026", "11", "24"]


def test_an_exponent_and_the_mark_of_a_note_are_terms_of_their_own() -> None:
    assert extract_terms("10⁶ is 10^6, 10⁻³, strait¹") == ["10", "6", "is", "10", "6", "10", "3", "strait", "1"]
    assert extract_terms("20 m² CO₂") == extract_terms("20 m2 CO2")


def test_what_nobody_sees_does_not_cut_a_word_of_a_question() -> None:
    assert extract_terms("Kündi\u00adgungs\u200bfrist") == extract_terms("Kündigungsfrist")


def test_accents_make_the_word_in_vietnamese() -> None:
    assert extract_terms("thủ đô") != extract_terms("thu đo")


def test_vowel_signs_are_part_of_a_word() -> None:
    assert len(extract_terms("हिन्दी में")) == 2


@given(st.text())
def test_what_is_stored_are_the_words_with_spaces_between_them(text: str) -> None:
    assert join_terms(text).split(" ") == (extract_terms(text) or [""])
    assert all(extract_terms(text))


@given(st.text(), st.text())
def test_words_of_two_texts_are_the_words_of_both(one: str, other: str) -> None:
    assert extract_terms(f"{one}\n{other}") == extract_terms(one) + extract_terms(other)


def test_threads_do_not_disturb_each_other() -> None:
    text = " ".join(f"inspection{letter} договоры{letter} verträge{letter}" for letter in "abcdefghijklmnop")
    expected = extract_terms(text)
    with ThreadPoolExecutor(8) as threads:
        assert all(result == expected for result in threads.map(lambda _: extract_terms(text), range(64)))
