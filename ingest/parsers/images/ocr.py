# pyright: basic
"""Text in pictures (the adapter of `rapidocr`): lines with their places, also where the picture is turned.

The models are files inside the package; nothing is loaded from elsewhere.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.parsers.document_builder import normalize_text

MAX_SIDE_PIXELS = 2500
"""Larger pictures are made smaller before they are read: letters do not get clearer and memory is limited."""

_DETECTION_SIDE_PIXELS = 1536
"""Lines are found in a picture of this size and read in the full one: the same text in half the time."""
_THREADS = 2
_MIN_SIDE_PIXELS = 12
_SURE = 0.8
_TALL = 1.5
_MIN_LETTERS = 2
_TALL_PENALTY = 0.3
_TURNS = {
    0: None,
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True)
class OcrLine:
    """A line of text, how sure the reader is of it (0 to 1), and the corners of its box.

    The corners are in pixels of the picture held upright, clockwise from the beginning of the line's top.
    """

    text: str
    confidence: float
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What is written in a picture, which was turned by `turn` degrees counter-clockwise to be read.

    `width` and `height` are those of the picture held upright. There are no lines where nothing is written.
    """

    lines: tuple[OcrLine, ...]
    turn: int
    width: int
    height: int

    @property
    def confidence(self) -> float:
        """Return how sure the reader is of a letter on average, from 0 to 1; 0 where there is none."""
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.confidence * len(line.text) for line in self.lines) / max(letters, 1)


def recognize_text(picture: Image.Image) -> OcrResult:
    """Return the lines of an RGB picture, in no order; turns it where its text stands on its side or its head."""
    if min(picture.size) < _MIN_SIDE_PIXELS:
        return OcrResult((), 0, *picture.size)
    reading = _read(picture, 0)
    if not reading.lines or _is_upright(reading):
        return reading
    readings = [reading]
    for turn in (90, 270, 180) if _share_of_tall(reading) > 0.5 else (180, 90, 270):
        readings.append(_read(picture, turn))
        if _is_upright(readings[-1]):
            break
    return max(readings, key=_merit)


def _read(picture: Image.Image, turn: int) -> OcrResult:
    transpose = _TURNS[turn]
    upright = picture if transpose is None else picture.transpose(transpose)
    found = _engine()(np.ascontiguousarray(np.asarray(upright)[:, :, ::-1]))
    lines = tuple(_lines(found.boxes, found.txts, found.scores)) if found.txts else ()
    letters = sum(map(str.isalnum, "".join(line.text for line in lines)))
    return OcrResult(lines if letters >= _MIN_LETTERS else (), turn, *upright.size)


def _lines(boxes: NDArray[np.float32], texts: tuple[str, ...], scores: tuple[float, ...]) -> list[OcrLine]:
    cleaned = (" ".join(normalize_text(text).split()) for text in texts)
    found = zip(cleaned, scores, boxes, strict=True)
    return [OcrLine(text, float(score), np.asarray(box, np.float32)) for text, score, box in found if text]


def _is_upright(reading: OcrResult) -> bool:
    return bool(reading.lines) and reading.confidence >= _SURE and _share_of_tall(reading) <= 0.5


def _merit(reading: OcrResult) -> float:
    return reading.confidence * (1 - _TALL_PENALTY * _share_of_tall(reading))


def _share_of_tall(reading: OcrResult) -> float:
    """Return how many of the lines run from top to bottom; lines of a letter or two tell nothing."""
    tellings = [_is_tall(line) for line in reading.lines if len(line.text) > 2]
    return sum(tellings) / max(len(tellings), 1)


def _is_tall(line: OcrLine) -> bool:
    width, height = np.ptp(line.corners, axis=0).tolist()
    return bool(height > _TALL * width)


@cache
def _engine() -> Any:
    """Load the models, once a process and only where there is something to read: they need memory."""
    from rapidocr import RapidOCR  # takes a second and 300 MB, and most files have no pictures to read

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.max_side_len": MAX_SIDE_PIXELS,
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE_PIXELS,
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
