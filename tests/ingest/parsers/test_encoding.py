"""Encodings: declared, or detected by byte patterns."""

import pytest

from ingest.parsers.encoding import decode, find_markup_charset, find_source_charset, is_text, resolve_label

CHINESE = "涨潮在中午开始，退潮在晚上。水位由港务局测量。" * 8
JAPANESE = "満潮は正午に始まる。\n干潮は夕方、七時。\n" * 4


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [CHINESE, JAPANESE, "High tide at noon", "Прилив начинается в полдень"])
def test_utf_16_without_a_mark_is_recognised(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    decoded = decode(data)
    assert (decoded.text, decoded.encoding, decoded.warnings) == (text, encoding, ())
    assert is_text(data)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_in_other_encodings_is_not_taken_for_utf_16(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding)).text == CHINESE


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "expected"),
    [
        (JAPANESE, "iso2022_jp", None, "iso2022_jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp", "iso2022_jp"),
        ("“tide”", "cp1252", "iso-8859-1", "cp1252"),
        ("涨潮", "gb18030", "gb2312", "gb18030"),
        ("①満潮", "cp932", "shift_jis", "cp932"),
        ("Прилив", "koi8-r", "koi8-r", "koi8-r"),
        ("Höhe", "utf-8", "iso-8859-1", "utf-8"),
    ],
)
def test_a_declared_encoding_is_taken_for_what_people_mean_by_it(
    text: str, encoding: str, declared: str | None, expected: str
) -> None:
    decoded = decode(text.encode(encoding), declared)
    assert (decoded.text, decoded.encoding) == (text, expected)


@pytest.mark.parametrize("declared", ["x-unknown", "unicode_escape", "undefined", "hex", "utf-16", "a\x00b", ""])
def test_a_declaration_that_cannot_be_true_is_passed_over(declared: str) -> None:
    text = r"Die Flut steht \n bis zur Höhe über Null"
    assert decode(text.encode("cp1252"), declared).text == text


def test_declarations_are_found_where_each_kind_of_file_has_them() -> None:
    assert find_markup_charset(b'<html><meta http-equiv=x content="text/html; charset=koi8-r">') == "koi8-r"
    assert find_markup_charset(b'<?xml version="1.0" encoding="windows-1251"?>') == "windows-1251"
    assert find_markup_charset(b"<p>charset=koi8-r") is None
    assert find_source_charset(b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\n") == "latin-1"
    assert find_source_charset(b"a\nb\n# coding: latin-1\n") is None
    assert find_source_charset(b"x = 'coding: latin-1'\n") is None


RUSSIAN, GREEK, POLISH, KOREAN = "Батарея лежит десять дней.", "Το δωμάτιο 7", "Łódź, ćma, żółw", "전지는 열흘 동안"


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        (RUSSIAN, "cp1251", "x-cp1251"),
        (RUSSIAN, "koi8-r", "koi"),
        (RUSSIAN, "koi8-r", "csKOI8R"),
        (RUSSIAN, "mac-cyrillic", "x-mac-ukrainian"),
        (RUSSIAN, "cp866", "csIBM866"),
        (RUSSIAN, "iso8859-5", "iso88595"),
        (RUSSIAN, "cp1251", "win-1251"),
        (RUSSIAN, "cp1251", " Windows1251 "),
        ("Київ, їжак, ґанок", "koi8-u", "koi8-ru"),
        ("电池必须隔离十天", "gbk", "x-gbk"),
        ("电池必须隔离十天", "gbk", "gb_2312-80"),
        ("電池必須隔離十天", "big5", "x-x-big5"),
        ("電池必須隔離十天", "big5", "cn-big5"),
        ("電池は十日間", "shift_jis", "x-sjis"),
        ("①電池は十日間", "cp932", "Windows-31J"),
        ("電池は十日間", "euc_jp", "x-euc-jp"),
        (KOREAN, "cp949", "ks_c_5601-1989"),
        (KOREAN, "cp949", "cseuckr"),
        (KOREAN, "cp949", "windows-949"),
        (POLISH, "cp1250", "x-cp1250"),
        (POLISH, "iso8859-2", "iso88592"),
        (GREEK, "iso8859-7", "sun_eu_greek"),
        ("שלום", "iso8859-8", "logical"),
        ("อุณหภูมิ", "cp874", "dos-874"),
        ("“5 €” – ½", "cp1252", "iso-8859-1"),
        ("“5 €” – ½", "cp1252", "l1"),
        ("“5 €” – ½", "cp1252", "us-ascii"),
        ("Şişli – İzmir", "cp1254", "iso-8859-9"),
        ("Größe “A”", "mac-roman", "x-mac-roman"),
    ],
)
def test_labels_mean_what_the_whatwg_standard_says(text: str, encoding: str, label: str) -> None:
    assert decode(text.encode(encoding), label).text == text


def test_a_declared_encoding_with_one_stray_byte_is_still_that_encoding() -> None:
    decoded = decode(RUSSIAN.encode("cp1251") * 9 + b"\x98", "windows-1251")
    assert decoded.text == RUSSIAN * 9 + "\ufffd"
    assert len(decoded.warnings) == 1


@pytest.mark.parametrize("label", ["x-unknown", "unknown-8bit", "utf-16le", "x-", "cs", "replacement", None])
def test_labels_of_no_text_encoding_are_unknown(label: str | None) -> None:
    assert resolve_label(label) == []
    assert decode(b"plain", label).text == "plain"


def test_utf8_with_some_invalid_bytes_stays_utf8_and_says_so() -> None:
    decoded = decode("Grüße aus Köln. ".encode() * 3 + b"\xc3\x28 broken \xff")
    assert decoded.encoding == "utf-8"
    assert decoded.text.startswith("Grüße aus Köln.")
    assert decoded.warnings == (f"2 places are not valid utf-8 and are shown as {chr(0xFFFD)}",)


def test_an_encoding_that_nothing_confirms_is_told() -> None:
    (warning,) = decode(b"The pump is \xff\xfe\xfd oiled \xc3( every month. \x80\x81" * 4).warnings
    assert warning.startswith("its encoding was guessed to be cp1251")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Wartung erfolgt jährlich. Für Schäden an der Ölpumpe haftet der Käufer, wenn nichts gilt. ", "cp1252"),
        ("Umowa może zostać rozwiązana za wypowiedzeniem, które składa się trzy miesiące wcześniej. ", "cp1250"),
        (RUSSIAN, "cp1251"),
        (CHINESE, "gb18030"),
        ("Grüße", "cp1252"),
    ],
)
def test_a_guess_that_its_language_confirms_is_no_warning(text: str, encoding: str) -> None:
    decoded = decode((text * (1 if text == "Grüße" else 5)).encode(encoding))
    assert (decoded.text[: len(text)], decoded.warnings) == (text, ())


def test_text_in_another_encoding_is_not_taken_for_broken_utf8() -> None:
    for encoding in ("cp1252", "gb18030", "cp932", "cp1251"):
        text = {"cp1252": "Grüße", "gb18030": "你好，世界。模型", "cp932": "こんにちは世界", "cp1251": "Привет мир"}
        assert decode(text[encoding].encode(encoding) * 20).encoding != "utf-8"
