# pyright: basic
"""Compute formulas without stored results (the adapter of `betteroffice_xlsx`, imported for the first of them)."""

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Result = bool | float | str

_UNSUPPORTED = re.compile(r"(?<![\w.\]])\[|\[\s*\[?\s*[#@]")
"""References that the library takes for 0: to another workbook, to the table around, to its totals or the same row."""
_STRING = re.compile(r'"[^"]*"')


@dataclass(slots=True)
class FormulaResults:
    """The results of a workbook's formulas, all computed when the first is asked for."""

    path: Path
    _book: Any = field(default=None, repr=False)
    _is_open: bool = False

    def find(self, formula: str, *, sheet: str, reference: str) -> Result | None:
        """Return the result that a formula has in a cell; None if it cannot be computed here.

        Formulas of the current time, and those whose result is an error, have none.
        """
        if _UNSUPPORTED.search(_STRING.sub("", formula)):
            return None
        if not self._is_open:
            self._is_open = True
            self._book = _call(_compute, self.path)
        value = _call(self._book.value, sheet, reference) if self._book is not None else None
        return value if isinstance(value, bool | float | str) else None


def _compute(path: Path) -> Any:
    import betteroffice_xlsx

    return betteroffice_xlsx.Workbook.open_recalculated(path.read_bytes())


def _call(function: Any, *arguments: object) -> Any:
    """Return what the library returns; None for what it cannot read."""
    try:
        return function(*arguments)
    except (ImportError, ValueError, LookupError, RuntimeError, OSError, zipfile.BadZipFile):
        return None
    except BaseException as error:
        if type(error).__module__.startswith(("_betteroffice_xlsx", "pyo3_runtime")):  # its own errors, and its panics
            return None
        raise
