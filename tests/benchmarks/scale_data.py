"""Vectors and texts of a large made-up library, for benchmarks of its size.

The vectors have the shape of real ones: a mixture of mixtures (a topic, a subject of it, a document, a chunk), all of
it in directions whose spread falls as measured with all-MiniLM-L6-v2 on 4,534 passages of three evaluation sets:
eigenvalues like rank to the power -0.7, a common part of length 0.26, cosines of random pairs .07 (deviation .12). A
question is a chunk with noise; its cosine with that chunk is .5 to .8, as those of real questions with their best
passage are. The words of the texts follow Zipf's law.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

DIMENSION = 384
SECTION = 25
"""For so many chunks a subject goes on."""
TOPICS, SUBJECTS = 500, 10_000
SHARES = {"topic": 0.25, "subject": 0.2, "section": 0.2, "chunk": 0.35}
COMMON = 0.26
FALL = -0.36
VOCABULARY = 200_000
WORDS = (60, 120)

Vectors = NDArray[np.float32]


class SyntheticVectors:
    """Vectors of as many documents as are asked for; the same number always gives the same ones."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        spread = np.arange(1, DIMENSION + 1) ** FALL
        self._spread = (spread / np.linalg.norm(spread)).astype(np.float32)
        self._turn = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
        self._common = COMMON * self._turn[7]
        self._topics = self._noise(random, TOPICS, SHARES["topic"])
        self._subjects = self._noise(random, SUBJECTS, SHARES["subject"])
        self._weights = np.arange(1, SUBJECTS + 1) ** -0.5
        self._weights /= self._weights.sum()

    def document(self, number: int, chunks: int) -> Vectors:
        """Return the vectors of one document's chunks, one a row."""
        random = np.random.default_rng((1, number))
        sections = -(-chunks // SECTION)
        subjects = random.choice(SUBJECTS, size=sections, p=self._weights)
        places = self._topics[subjects % TOPICS] + self._subjects[subjects]
        places = places + self._noise(random, sections, SHARES["section"]) + self._common
        vectors = np.repeat(places, SECTION, axis=0)[:chunks] + self._noise(random, chunks, SHARES["chunk"])
        return _unit(vectors)

    def questions(self, vectors: Vectors) -> Vectors:
        """Return a question about each of these chunks."""
        random = np.random.default_rng(2)
        noise = self._noise(random, len(vectors), 1.0) * random.uniform(0.75, 1.7, size=(len(vectors), 1))
        return _unit(vectors + noise.astype(np.float32))

    def _noise(self, random: np.random.Generator, count: int, share: float) -> Vectors:
        """Return directions whose squared length is about `share`."""
        drawn = random.standard_normal((count, DIMENSION), dtype=np.float32) * self._spread
        return np.asarray(np.sqrt(share) * (drawn @ self._turn), dtype=np.float32)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class SyntheticTexts:
    """Texts of 60 to 120 words each."""

    def __init__(self) -> None:
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        self._words = [_word(number, letters) for number in range(VOCABULARY)]
        self._sums: NDArray[np.float64] = np.cumsum(1 / np.arange(1, VOCABULARY + 1))

    def document(self, number: int, chunks: int) -> list[str]:
        """Return the texts of one document's chunks."""
        random = np.random.default_rng((3, number))
        lengths = random.integers(WORDS[0], WORDS[1] + 1, size=chunks)
        drawn = iter(self._draw(random, int(lengths.sum())))
        return [" ".join(next(drawn) for _ in range(length)) for length in lengths]

    def questions(self, count: int) -> Iterator[str]:
        """Yield questions of six words each, half of them common ones."""
        random = np.random.default_rng(4)
        for _ in range(count):
            rare = [self._words[int(place)] for place in random.integers(500, 20_000, size=3)]
            yield " ".join([*self._draw(random, 3), *rare])

    def _draw(self, random: np.random.Generator, count: int) -> list[str]:
        places = np.searchsorted(self._sums, random.random(count) * float(self._sums[-1]))
        return [self._words[int(place)] for place in places]


def _word(number: int, letters: str) -> str:
    """Return a word of its own for each number, the short ones first."""
    word = letters[number % 26]
    while number := number // 26:
        word += letters[(number + len(word)) % 26]
    return word
