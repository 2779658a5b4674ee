"""Questions for the definitions of source files, read by the real parser and answered from the outline."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.chunking.chunker import ChunkSpec
from ingest.chunking.streaming import split_pieces
from ingest.library.library import Library
from ingest.parsers.plain import code
from ingest.parsers.source import Source
from ingest.types import DocumentName
from rag.answers.code_outline import answer_from_outline, select_source_files
from rag.answers.scoping import resolve_scope
from rag.grounding.computed_answer import ComputedAnswer
from rag.questions.code_question import CodeQuestion, detect_code_question
from tests.fakes import WordTokenizer, passport
from tests.ingest.library_world import complete

SOURCES = {
    "shop.php": "<?php\nfunction a($x) {\n  return $x;\n}\nif (!function_exists('b')) {\n  function b() {}\n}\n"
    "class K {\n  public function m() {}\n}\n",
    "pump.c": "#include <x.h>\nint decl(int a);\nstatic int *foo(int a)\n{\n  return 0;\n}\n"
    "void\nbar(char *p,\n    int q)\n{\n}\nint main(void) { return 0; }\n",
    "tool.py": "import os\n\ndef one():\n    def inner(): ...\n    return inner\n\nclass A:\n    @property\n"
    "    def two(self): ...\n    async def three(self): ...\n",
    "page.js": "function a() {}\nconst b = () => 1;\nexport async function c(x) {}\nclass K { m() {} static s() {} }\n",
    "Hull.java": "package p;\npublic final class Hull {\n  int f(int x) { return 1; }\n  void g() {}\n}\n",
    "main.go": "package main\nfunc (s *Server) Run(x int) error {\n  return nil\n}\nfunc main() {}\n"
    "type Server struct {\n}\n",
    "lib.rs": "pub struct A<T> {\n}\nimpl<T> A<T> {\n    pub fn new() {}\n}\nfn main() {}\n",
    "run.sh": "#!/bin/sh\nfoo() {\n  :\n}\nfunction bar {\n  :\n}\n",
    "Api.cs": "namespace N {\n  public class Api {\n    public int F() => 1;\n    public void G() {}\n  }\n}\n",
    "view.ts": "export class A extends B {\n  load(): void {}\n}\nexport const f = async (x: number) => x;\n",
    "notes.cpp": "namespace n {\nclass A { public: int f() const { return 1; } };\nint A::g() { return 2; }\n}\n",
}
FUNCTIONS = {
    "shop.php": ["function a($x) {", "function b() {}", "public function m() {}"],
    "pump.c": ["static int *foo(int a)", "bar(char *p,", "int main(void) { return 0; }"],
    "tool.py": ["def one():", "def two(self): ...", "async def three(self): ..."],
    "page.js": [
        "function a() {}",
        "const b = () => 1;",
        "export async function c(x) {}",
        "class K { m() {} static s() {} }",
        "class K { m() {} static s() {} }",
    ],
    "Hull.java": ["int f(int x) { return 1; }", "void g() {}"],
    "main.go": ["func (s *Server) Run(x int) error {", "func main() {}"],
    "lib.rs": ["pub fn new() {}", "fn main() {}"],
    "run.sh": ["foo() {", "function bar {"],
    "Api.cs": ["public int F() => 1;", "public void G() {}"],
    "view.ts": ["load(): void {}", "export const f = async (x: number) => x;"],
    "notes.cpp": ["class A { public: int f() const { return 1; } };", "int A::g() { return 2; }"],
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("code")
    made = Library(folder / "home")
    collection = made.create_collection("c", passport())
    for name, text in SOURCES.items():
        add(made, collection.id, folder, name, text)
    yield made
    made.close()


def add(library: Library, collection_id: str, folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    (piece,) = split_pieces(code.parse(Source(path, name)), ChunkSpec(40), WordTokenizer())
    file = library.add_file(source=f"/in/{name}", filename=name, content=io.BytesIO(text.encode()))
    vectors = np.ones((len(piece.chunks), passport().dimension), dtype=np.float32)
    assert complete(library, library.enqueue(collection_id, file.id), piece, vectors) is not None


def ask(library: Library, question: str) -> ComputedAnswer | None:
    ids = [library.collection("c").id]
    scope = resolve_scope(library, ids, question)
    asked = detect_code_question(question if scope is None else scope.rest)
    if asked is None:
        return None
    return answer_from_outline(library, asked, select_source_files(library, ids, asked, scope))


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_function_is_counted_and_its_line_quoted(library: Library, name: str) -> None:
    answer = ask(library, f"How many functions are defined in {name}?")
    assert answer is not None
    count = len(FUNCTIONS[name])
    assert answer.lead == f"{count} functions in {name}:\n\n"
    assert [quote.text for quote in answer.quotes] == FUNCTIONS[name]
    for quote in answer.quotes:
        text = library.document_text(quote.match.stored.collection_id, quote.match.stored.file_id)
        assert text[quote.match.start : quote.match.end] == quote.text


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("Which functions are in run.sh?", "2 functions in run.sh:\n\n"),
        ("List all functions of run.sh", "2 functions in run.sh:\n\n"),
        ("How many methods does Hull.java have?", "2 methods in Hull.java:\n\n"),
        ("How many methods are there in shop.php?", "1 method in shop.php:\n\n"),
        ("Which classes are defined in tool.py?", "1 class in tool.py:\n\n"),
        ("How many classes are in run.sh?", "0 classes in run.sh."),
        ("Which methods does the class K have in shop.php?", "1 method of K in shop.php:\n\n"),
        ("How many methods does Hull have?", "2 methods of Hull in Hull.java:\n\n"),
        ("Welche Methoden hat Hull?", "2 methods of Hull in Hull.java:\n\n"),
        ("¿Qué métodos tiene la clase Hull?", "2 methods of Hull in Hull.java:\n\n"),
        ("How many functions are in run.sh and main.go?", "2 functions in run.sh, 2 functions in main.go:\n\n"),
        ("Wie viele Funktionen sind in pump.c definiert?", "3 functions in pump.c:\n\n"),
        ("Welche Funktionen gibt es in pump.c?", "3 functions in pump.c:\n\n"),
        ("Combien de fonctions y a-t-il dans pump.c ?", "3 functions in pump.c:\n\n"),
        ("¿Cuántas funciones hay en pump.c?", "3 functions in pump.c:\n\n"),
        ("Quante funzioni ci sono in pump.c?", "3 functions in pump.c:\n\n"),
        ("Quantas funções há em pump.c?", "3 functions in pump.c:\n\n"),
        ("Hoeveel functies staan er in pump.c?", "3 functions in pump.c:\n\n"),
    ],
)
def test_a_question_for_definitions_is_known_in_seven_languages(library: Library, question: str, lead: str) -> None:
    answer = ask(library, question)
    assert answer is not None
    assert answer.lead == lead


@pytest.mark.parametrize(
    "question",
    [
        "How many functions call foo in pump.c?",
        "What does the function foo do in pump.c?",
        "Which functions return a pointer in pump.c?",
        "How many lines are in pump.c?",
        "How many functions are there?",
        "What is the function of the pump?",
        "Which class of ship is it in Hull.java?",
        "Which methods does Rudder have?",
        "Which methods are private?",
    ],
)
def test_a_question_for_some_definitions_is_not_answered_by_all_of_them(library: Library, question: str) -> None:
    assert ask(library, question) is None


def test_a_document_that_is_no_source_file_has_no_outline_of_code(library: Library) -> None:
    other = library.create_collection("d", passport())
    file = library.add_file(source="/in/a.txt", filename="a.txt", content=io.BytesIO(b"x"))
    name = DocumentName(other.id, file.id, "a.txt", "a")
    library.enqueue(other.id, file.id)
    assert answer_from_outline(library, CodeQuestion("function", is_count=True), [name]) is None


def test_the_only_source_file_need_not_be_named(library: Library, tmp_path: Path) -> None:
    other = library.create_collection("single", passport())
    add(library, other.id, tmp_path, "one.go", "package p\nfunc f() {}\n")
    asked = CodeQuestion("function", is_count=True)
    answer = answer_from_outline(library, asked, select_source_files(library, [other.id], asked, None))
    assert answer is not None
    assert answer.lead == "1 function in one.go:\n\n"
