# pyright: basic
"""OCR: the lines of text in a picture, upright or rotated (the adapter of `rapidocr`).

The models are files inside its package; nothing is downloaded.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.parsers.document_builder import normalize_text
from ingest.runtime.effort import without_limit

MAX_SIDE_PIXELS = 2500
"""Larger pictures are scaled down to this: more pixels do not improve the text and cost memory."""

_DETECTION_SIDE_PIXELS = 1536
"""Lines are detected in a picture of this size and recognized in the full one: the same text in half the time."""
_THREADS = 2
_MIN_SIDE_PIXELS = 12
_MIN_CONFIDENCE = 0.8
_TALL_RATIO = 1.5
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
    """A line of text, its confidence (0 to 1), and the corners of its box: shape (4, 2), x and y in pixels.

    The corners count in the upright picture, clockwise from the top of the line's beginning.
    """

    text: str
    confidence: float
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OcrResult:
    """The lines of a picture that is upright after a rotation by `turn` degrees counter-clockwise.

    `width` and `height` are those of the upright picture, in pixels. A picture without text has no lines.
    """

    lines: tuple[OcrLine, ...]
    turn: int
    width: int
    height: int

    @property
    def confidence(self) -> float:
        """The mean confidence of a letter, from 0 to 1; 0 without letters."""
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.confidence * len(line.text) for line in self.lines) / max(letters, 1)


def recognize_text(picture: Image.Image) -> OcrResult:
    """Return the lines of an RGB picture, in no order; rotates it if its text runs sideways or is upside down."""
    if min(picture.size) < _MIN_SIDE_PIXELS:
        return OcrResult((), 0, *picture.size)
    with without_limit():
        return _recognize_any_turn(picture)


def _recognize_any_turn(picture: Image.Image) -> OcrResult:
    result = _recognize_turned(picture, 0)
    if not result.lines or _is_upright(result):
        return result
    results = [result]
    for turn in (90, 270, 180) if _share_of_tall(result) > 0.5 else (180, 90, 270):
        results.append(_recognize_turned(picture, turn))
        if _is_upright(results[-1]):
            break
    return max(results, key=_score)


def _recognize_turned(picture: Image.Image, turn: int) -> OcrResult:
    transpose = _TURNS[turn]
    upright = picture if transpose is None else picture.transpose(transpose)
    output = _load_engine()(np.ascontiguousarray(np.asarray(upright)[:, :, ::-1]))
    lines = tuple(_make_lines(output.boxes, output.txts, output.scores)) if output.txts else ()
    letters = sum(map(str.isalnum, "".join(line.text for line in lines)))
    return OcrResult(lines if letters >= _MIN_LETTERS else (), turn, *upright.size)


def _make_lines(boxes: NDArray[np.float32], texts: tuple[str, ...], scores: tuple[float, ...]) -> list[OcrLine]:
    cleaned = (" ".join(normalize_text(text).split()) for text in texts)
    rows = zip(cleaned, scores, boxes, strict=True)
    return [OcrLine(text, float(score), np.asarray(box, np.float32)) for text, score, box in rows if text]


def _is_upright(result: OcrResult) -> bool:
    return bool(result.lines) and result.confidence >= _MIN_CONFIDENCE and _share_of_tall(result) <= 0.5


def _score(result: OcrResult) -> float:
    return result.confidence * (1 - _TALL_PENALTY * _share_of_tall(result))


def _share_of_tall(result: OcrResult) -> float:
    """Return the share of lines that run from top to bottom; lines of one or two letters do not count."""
    are_tall = [_is_tall(line) for line in result.lines if len(line.text) > 2]
    return sum(are_tall) / max(len(are_tall), 1)


def _is_tall(line: OcrLine) -> bool:
    width, height = np.ptp(line.corners, axis=0).tolist()
    return bool(height > _TALL_RATIO * width)


@cache
def _load_engine() -> Any:
    """Load the models, once a process and for the first picture: they take memory."""
    from rapidocr import RapidOCR  # takes a second and 300 MB, and most files have no pictures of text

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
