"""`pincite doctor`: what it says where all is well, and where a model is broken."""

import sys

import pytest

from ingest.runtime import landlock
from tests.api.shell import Shell
from tests.tiny_gguf import write_tiny_gguf

pytestmark = pytest.mark.slow
needs_landlock = pytest.mark.skipif(
    sys.platform != "linux" or landlock.find_version() == 0, reason="this kernel has no Landlock"
)


def details(shell: Shell, *, code: int) -> dict[str, tuple[str, str]]:
    """Return the status and the words of each check but the ports, which may be taken here."""
    findings = shell.json("doctor", code=code)
    return {each["check"]: (each["status"], each["detail"]) for each in findings if each["check"] != "ports"}


@needs_landlock
def test_all_parts_are_tried_and_named(shell: Shell) -> None:
    folder = shell.home / "models"
    folder.mkdir()
    write_tiny_gguf(folder / "Tiny.gguf")
    found = details(shell, code=0)
    assert {status for status, _ in found.values()} == {"ok"}
    assert "384 dimensions" in found["embedder"][1]
    assert found["parsers"][1] == "parsers cannot connect, open other files, start programs or gain privileges"
    assert found["models"][1].endswith("; tiny answers by default")
    assert found["engine"][1].startswith("tiny generated 4 tokens; context window 4096, ")


def test_a_broken_model_fails_by_name_and_the_rest_is_looked_at(shell: Shell) -> None:
    folder = shell.home / "models"
    folder.mkdir()
    (folder / "Broken.gguf").write_bytes(b"GGUF but not really" * 100_000)
    found = details(shell, code=1)
    assert found["engine"][0] == "failed"
    assert "'broken' cannot be loaded" in found["engine"][1]
    assert {status for check, (status, _) in found.items() if check not in ("engine", "parsers")} == {"ok"}
