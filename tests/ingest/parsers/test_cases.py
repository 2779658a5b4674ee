"""The text of documents that were read wrong once."""

import pytest

from ingest.parsers.registry import parse
from tests.cases import Case, load_cases

CASES = [case for case in load_cases() if case.text_contains or case.text_not_contains]


def normalize(text: str) -> str:
    """Return `text` with one sign for micro: U+00B5 and the Greek letter look alike."""
    return text.replace("µ", "μ")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_stored_text_is_what_a_person_sees(case: Case) -> None:
    text = normalize("\n".join(parse(path, path.name).text for path in case.files))
    missing = [words for words in case.text_contains if normalize(words) not in text]
    wrong = [words for words in case.text_not_contains if normalize(words) in text]
    assert (missing, wrong) == ([], [])
