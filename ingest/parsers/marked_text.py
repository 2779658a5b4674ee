"""Put the runs of a paragraph together: superscripts, and text that is struck out, deleted or hidden. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from ingest.text.annotations import AnnotationKind, annotate
from ingest.text.superscripts import format_subscript, format_superscript
from ingest.types import HiddenReason

_CLOSING_SIGNS = frozenset(".,;:!?)]}»”…")


class Script(Enum):
    """The height at which a run stands."""

    NORMAL = auto()
    SUPERSCRIPT = auto()
    SUBSCRIPT = auto()


@dataclass(frozen=True, slots=True)
class RunStyle:
    """What a run is in its sentence; `kind` is None for text that the document states. Hidden text has a `reason`."""

    script: Script = Script.NORMAL
    kind: AnnotationKind | None = None
    author: str = ""
    reason: HiddenReason | None = None


STATED = RunStyle()


def hide_run(reason: HiddenReason, script: Script = Script.NORMAL) -> RunStyle:
    """Return the style of a run that nobody sees."""
    return RunStyle(script, AnnotationKind.HIDDEN, reason=reason)


class MarkedText:
    """Collects the runs of a paragraph; neighbours of one style are one run."""

    def __init__(self) -> None:
        self._runs: list[tuple[RunStyle, list[str]]] = []

    def add(self, text: str, style: RunStyle = STATED) -> None:
        """Add a run."""
        if not text:
            return
        if self._runs and (self._runs[-1][0] is style or self._runs[-1][0] == style):
            self._runs[-1][1].append(text)
        else:
            self._runs.append((style, [text]))

    @property
    def has_stated_text(self) -> bool:
        """Whether any run is a part of the sentence and not blank."""
        return any(style.kind is None and "".join(texts).strip() for style, texts in self._runs)

    def join(self) -> tuple[str, list[str]]:
        """Return the sentence without what is struck out, deleted or hidden, and the annotations of that text."""
        line = _Line()
        for style, texts in self._runs:
            if style.kind is None:
                line.add(_format_run("".join(texts), style.script, line.text))
            else:
                line.leave_out("".join(texts), style)
        line.end_annotation()
        return line.text, line.annotations


class _Line:
    """A sentence that grows, and what is left out of it."""

    def __init__(self) -> None:
        self.text = ""
        self.annotations: list[str] = []
        self._style = STATED
        self._left_out = ""

    def add(self, text: str) -> None:
        if self._style.kind is not None:
            self.text, text = self._close_gap(text)
            self.end_annotation()
        self.text += text

    def leave_out(self, text: str, style: RunStyle) -> None:
        own = RunStyle(kind=style.kind, author=style.author, reason=style.reason)
        if self._style != own:
            self.end_annotation()
            self._style = own
        self._left_out += _format_run(text, style.script, self._left_out)

    def end_annotation(self) -> None:
        style = self._style
        if style.kind is not None:
            annotation = annotate(style.kind, self._left_out, author=style.author, reason=style.reason)
            self.annotations += filter(None, [annotation])
        self._style, self._left_out = STATED, ""

    def _close_gap(self, after: str) -> tuple[str, str]:
        """Return the texts before and after what is left out, with one space between their words or none."""
        before, text = self.text, self._left_out
        is_closed = after[:1] in _CLOSING_SIGNS and before.rstrip()[-1:] not in _CLOSING_SIGNS
        if before[-1:] == " " and (after[:1] == " " or is_closed):
            return before[:-1], after
        is_glued = before[-1:].isalnum() and after[:1].isalnum()
        # An editor deletes a space together with a word; who strikes words out leaves the spaces as they are.
        if is_glued and self._style.kind is not AnnotationKind.DELETED and text != text.strip():
            return f"{before} ", after
        return before, after


def _format_run(text: str, script: Script, before: str) -> str:
    if script is Script.SUPERSCRIPT:
        return format_superscript(text, before=before)
    return format_subscript(text) if script is Script.SUBSCRIPT else text
