"""Source code: kept line by line, with its definitions as headings."""

from pathlib import Path

import pytest

from ingest.chunking.chunker import find_heading_path
from ingest.errors import NoTextError
from ingest.parsers.plain import code, text
from ingest.parsers.source import Source
from ingest.types import Block, BlockKind, PageUnit, ParsedDocument

PYTHON = """\
import os


@final
class Boat(Hull):
    size = "\\d"

    @property
    def name(self):
        def inner(): ...
        return os.sep

    async def sail(self): ...


def main(): ...
"""


def read(tmp_path: Path, content: str | bytes, name: str) -> ParsedDocument:
    path = tmp_path / "content"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (document,) = code.parse(Source(path, name))
    return document


def paths(document: ParsedDocument) -> dict[int, tuple[str, ...]]:
    """The heading path of each line where one begins."""
    return {
        document.text.count("\n", 0, heading.start) + 1: find_heading_path(document.headings, heading.start)
        for heading in document.headings
    }


def test_python_is_kept_as_it_is_under_its_classes_and_functions(tmp_path: Path) -> None:
    document = read(tmp_path, PYTHON, "boat.py")
    assert document.text == PYTHON
    assert document.title == "boat.py"
    assert document.blocks == (Block(BlockKind.CODE, 0, len(PYTHON), 0),)
    assert document.unit is PageUnit.LINE
    assert paths(document) == {
        4: ("class Boat",),
        8: ("class Boat", "def name"),
        13: ("class Boat", "async def sail"),
        16: ("def main",),
    }


OTHERS = [
    ("a.py", "class A:\n    print 'old'\n    def b(self):\n        def c(): pass\n", {1: "class A", 3: "def b"}),
    (
        "a.ts",
        "export class A extends B {\n  load() {}\n}\nexport async function go(x) {\n}\n",
        {1: "class A", 2: "load", 4: "function go"},
    ),
    (
        "a.rs",
        "pub struct A<T> {\n}\nimpl<T> A<T> {\n    pub fn new() {}\n}\n",
        {1: "struct A", 3: "impl A<T>", 4: "fn new"},
    ),
    ("a.go", "func (s *Server) Run(x int) error {\n}\ntype T struct {\n}\n", {1: "func Run", 3: "type T"}),
    ("a.c", "int decl(int a);\nstatic int *foo(int a)\n{\n  if (a) {\n  }\n}\nelse if (x) {\n", {2: "foo"}),
    ("a.java", "public final class A {\n    int f(int x) {\n    }\n}\n", {1: "class A", 2: "f"}),
    ("a.inc", "<?php\nclass A {\n  function b() {}\n}\n", {2: "class A", 3: "function b"}),
    ("a.js", "const a = () => 1;\nexports.b = function () {};\n", {1: "function a", 2: "function b"}),
    ("a.cpp", "int\nA::f(int a,\n  int b) const\n{\n}\n", {1: "A::f"}),
    (
        "a.rb",
        "module M\n  class B < C\n    def ok?\n    end\n  end\nend\n",
        {1: "module M", 2: "class B", 3: "def ok?"},
    ),
    ("a.sh", "deploy() {\n}\n", {1: "deploy"}),
    ("a.sql", "create or replace view v as select 1;\n", {1: "create view v"}),
    ("a.js", "// class of things we like\n/* function to call */\n", {}),
]


@pytest.mark.parametrize(("name", "content", "expected"), OTHERS)
def test_definitions_in_other_languages(tmp_path: Path, name: str, content: str, expected: dict[int, str]) -> None:
    assert {line: path[-1] for line, path in paths(read(tmp_path, content, name)).items()} == expected


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("# -*- coding: koi8-r -*-\n# Прилив\n", "koi8-r"),
        ("#!/bin/sh\n# vim: set fileencoding=cp1251 :\n# Прилив\n", "cp1251"),
        ('<?xml version="1.0" encoding="iso-8859-2"?>\n<a>Příliv</a>\n', "iso8859-2"),
        ("# Flut über Null\n", "utf-8"),
    ],
)
def test_the_encoding_that_the_file_declares_is_used(tmp_path: Path, content: str, encoding: str) -> None:
    document = read(tmp_path, content.encode(encoding), "a.py")
    assert document.text == content
    assert document.metadata == {"encoding": encoding}


def test_a_dump_comes_in_pieces_of_whole_lines(tmp_path: Path) -> None:
    line = "INSERT INTO boats VALUES ('tide');\n"
    path = tmp_path / "content"
    path.write_text(line * (text.PIECE_BYTES // len(line) + 10), "utf-8")
    pieces = list(code.parse(Source(path, "dump.sql")))
    assert len(pieces) > 1
    assert all(piece.text.startswith("INSERT") and piece.unit is PageUnit.LINE for piece in pieces)
    assert all(piece.blocks == (Block(BlockKind.CODE, 0, len(piece.text), 0),) for piece in pieces)


def test_form_feeds_do_not_move_the_lines(tmp_path: Path) -> None:
    assert read(tmp_path, "a = 1\r\n\x0c\r\nb = 2\n", "a.py").text == "a = 1\n\nb = 2\n"


def test_a_blank_file_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(NoTextError):
        read(tmp_path, " \n", "a.py")
