"""Jupyter notebooks as they are shown: rendered text, code and outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import NoTextError
from ingest.parsers import registry
from ingest.types import BlockKind, ParsedDocument


def read(tmp_path: Path, *cells: dict[str, Any], **members: Any) -> ParsedDocument:
    notebook = {"cells": list(cells), "metadata": {"kernelspec": {"name": "py"}}, "nbformat": 4, **members}
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return registry.parse(tmp_path / "a.ipynb", "a.ipynb")


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": source, "outputs": list(outputs)}


def shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {key.replace("_", "/"): value for key, value in data.items()}}


def test_text_is_rendered_and_code_is_kept(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "source": ["# Kiln *study*\n", "\n", "The limit is **7**.\n"]}
    document = read(tmp_path, text, code("x = 5\nprint(x)"), {"cell_type": "raw", "source": "As it is."})
    assert document.text == "Kiln study\n\nThe limit is 7.\n\nx = 5\nprint(x)\n\nAs it is."
    assert (document.title, [heading.title for heading in document.headings]) == ("Kiln study", ["Kiln study"])
    assert [block.kind for block in document.blocks] == [BlockKind.CODE]


TABLE = "<table><tr><th><th>Free</th></tr><tr><th>Eye</th><td>2</td></tr></table>"


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}, "a\nb"),
        ({"output_type": "stream", "name": "stderr", "text": "1%\r50%\r100%\n"}, "100%"),
        ({"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m"}, "red"),
        (shown(text_plain="     Free\nEye     2", text_html=[TABLE]), "| Free\nEye | 2"),
        (shown(text_plain="42"), "42"),
        (shown(text_plain="b is bold", text_html="<b>bold</b>"), "b is bold"),
        (shown(text_plain="<IPython.core.display.Markdown object>", text_markdown="**5** μg"), "5 μg"),
        (shown(text_plain="<Figure size 640x480 with 1 Axes>", image_png="iVBORw0KGgo="), ""),
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "bad dose", "traceback": ["..."]},
            "ValueError: bad dose",
        ),
        ({"output_type": "pyout", "text": ["7\n"]}, "7"),
    ],
)
def test_an_output_is_read_as_it_is_shown(tmp_path: Path, output: dict[str, Any], text: str) -> None:
    assert read(tmp_path, code("run()", output)).text.removeprefix("run()").strip() == text


def test_the_older_format_is_read(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Kiln"},
        {"cell_type": "code", "input": ["1 + 1"], "outputs": [{"output_type": "pyout", "text": ["2"]}]},
    ]
    document = read(tmp_path, worksheets=[{"cells": cells}], nbformat=3)
    assert document.text == "Kiln\n\n1 + 1\n\n2"


def test_a_notebook_without_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read(tmp_path, code(""))


@pytest.mark.parametrize("content", ['{"cells": "none", "kiln": "No. 7"}', "[1, 2]", "{cut short"])
def test_a_file_that_is_no_notebook_is_read_as_json(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.ipynb").write_text(content, encoding="utf-8")
    assert registry.parse(tmp_path / "a.ipynb", "a.ipynb").text.strip()
