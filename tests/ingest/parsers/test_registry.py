"""The registry: every format has a parser, and every refusal a reason."""

from pathlib import Path

import pytest

from ingest.errors import ParserLimitError
from ingest.parsers import registry
from ingest.parsers.format_signatures import BINARY_SUFFIXES, BY_SUFFIX, SUPPORTED, Format


@pytest.mark.parametrize("kind", Format)
def test_every_format_has_a_parser(kind: Format) -> None:
    assert callable(registry.load_parser(kind))


def test_every_name_that_promises_a_format_is_named_among_those_supported() -> None:
    assert {kind for kind in BY_SUFFIX.values()} <= set(Format)
    for suffix in (*BINARY_SUFFIXES, ".eml", ".mbox", ".csv", ".tsv", ".json", ".jsonl"):
        spelt = suffix.removeprefix(".").upper().replace("JPG", "JPEG")
        assert spelt.lower() in SUPPORTED.lower() or spelt == "TIF"


def test_what_needs_too_much_is_refused_with_that_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"tide")
    for error, reason in ((MemoryError, "more memory"), (RecursionError, "nested too deeply")):

        def fail(_: object, error: type[Exception] = error) -> None:
            raise error

        monkeypatch.setattr(registry, "load_parser", lambda _, fail=fail: fail)
        with pytest.raises(ParserLimitError, match=reason):
            registry.parse(tmp_path / "a.txt", "a.txt")
