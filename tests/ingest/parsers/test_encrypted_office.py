"""Office files with a password: read with it, refused without it, and no decrypted file remains."""

import tempfile
from pathlib import Path

import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from ingest.errors import DamagedFileError, EncryptedFileError, UnreadableFileError
from ingest.parsers import registry
from tests.files import write_docx
from tests.office_files import write_workbook


def protected(plain: Path, path: Path, password: str) -> Path:
    with plain.open("rb") as source, path.open("wb") as target:
        OOXMLFile(source).encrypt(password, target)
    return path


def test_a_file_is_read_with_its_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path = protected(write_docx(tmp_path / "plain.docx"), tmp_path / "kiln", "moon")
    assert registry.parse(path, "kiln.docx", "moon").text.startswith("Kiln Manual, edition 3")
    path = protected(write_workbook(tmp_path / "plain.xlsx", {"Ports": [["Brest"]]}), tmp_path / "ports", "moon")
    assert registry.parse(path, "ports.xlsx", "moon").text == "Ports\n\nBrest"
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("password", [None, "", "sun"])
def test_a_file_is_refused_without_its_password(tmp_path: Path, password: str | None) -> None:
    path = protected(write_docx(tmp_path / "plain.docx"), tmp_path / "kiln", "moon")
    with pytest.raises(EncryptedFileError) as caught:
        registry.parse(path, "kiln.docx", password)
    assert caught.value.filename == "kiln.docx"


def test_a_broken_lock_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(DamagedFileError):
        registry.parse(path, "kiln.docx", "moon")


def test_a_file_cut_short_anywhere_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = protected(write_docx(tmp_path / "plain.docx"), tmp_path / "kiln", "moon").read_bytes()
    for length in range(600, len(whole), 5000):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UnreadableFileError):
            registry.parse(tmp_path / "cut", "kiln.docx", "moon")
