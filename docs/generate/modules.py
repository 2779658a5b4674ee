"""The map of the modules, from their docstrings."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.generate.markdown import bullets, code, first_sentence, join_blocks, paragraph

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("ingest", "rag", "api", "ui", "pincite")
INTRODUCTION = (
    "Every module and the first sentence of its docstring. How they work together: [Architecture](architecture.md)."
)


def render() -> str:
    """Return the page."""
    return join_blocks("Module map", [paragraph(INTRODUCTION), *_blocks()])


def _blocks() -> Iterator[str]:
    for package in PACKAGES:
        for folder in sorted(path.parent for path in (ROOT / package).rglob("__init__.py")):
            name = str(folder.relative_to(ROOT))
            yield f"{'##' if name in PACKAGES else '###'} {name}"
            yield paragraph(_about(folder / "__init__.py"))
            yield bullets(
                f"{code(path.name)}: {_about(path)}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"
            )


def _about(module: Path) -> str:
    return first_sentence(ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))))
