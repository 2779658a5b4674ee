"""Why a model could not be fetched."""

from rag.errors import RagError


class UnknownOfferError(RagError):
    """No model of that name is offered."""

    def __init__(self, *, name: str, offered: str) -> None:
        self.name = name
        self.offered = offered
        super().__init__(f"no model {name!r} is offered; those that are: {offered}")


class SourceError(RagError):
    """A source does not give the file; what was fetched before stays, and the next try goes on from there."""

    def __init__(self, *, source: str, detail: str) -> None:
        self.source = source
        self.detail = detail
        super().__init__(f"{source}: {detail}")


class WrongFileError(RagError):
    """A source gave other bytes than those that were promised; they were removed."""

    def __init__(self, *, source: str, sha256: str, expected_sha256: str) -> None:
        self.source = source
        self.sha256 = sha256
        self.expected_sha256 = expected_sha256
        super().__init__(f"{source}: the file has the SHA-256 {sha256}, not {expected_sha256}; it was removed")


class ModelDownloadError(RagError):
    """No source gives the model."""

    def __init__(self, *, model: str, detail: str) -> None:
        self.model = model
        self.detail = detail
        super().__init__(f"the model {model!r} could not be fetched: {detail}")


class NoSpaceForModelError(RagError):
    """The disk has too little space for the model."""

    def __init__(self, *, model: str, needed_bytes: int, free_bytes: int) -> None:
        self.model = model
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes
        super().__init__(
            f"the model {model!r} needs {needed_bytes / 1e9:.1f} GB of disk while it is fetched, and "
            f"{free_bytes / 1e9:.1f} GB are free; make room, or choose a smaller model"
        )
