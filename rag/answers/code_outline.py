"""Answer questions for the definitions of source files from their outlines, every definition quoted."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.library.library import Library
from ingest.types import BlockKind, DocumentName, Heading, StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.grounding.shown_quote import ShownQuote
from rag.questions.code_question import CodeQuestion, DefinitionKind
from rag.questions.scope import Scope
from rag.tables.answer import TableAnswer

MAX_SHOWN = 100
"""A longer list is not read; the answer says how many there are."""
_CLASSES = frozenset({"class", "struct", "record", "interface", "trait", "enum", "object", "actor"})
_TYPE_WORDS = _CLASSES | {"impl", "mixin", "mod", "module", "namespace", "protocol", "type", "union"}
_PLURALS: dict[DefinitionKind, str] = {"function": "functions", "method": "methods", "class": "classes"}


@dataclass(frozen=True, slots=True)
class _Definition:
    """A heading of a source file, and whether it is inside of a type."""

    heading: Heading
    is_member: bool

    def is_a(self, kind: DefinitionKind) -> bool:
        keyword = self.heading.title.split()[0]
        if kind == "class":
            return keyword in _CLASSES
        return keyword not in _TYPE_WORDS and (kind == "function" or self.is_member)


def answer_from_outline(
    library: Library, question: CodeQuestion, documents: Sequence[DocumentName]
) -> TableAnswer | None:
    """Return the definitions that a question asks for in the source files that it names.

    None if one of the documents is no source file, or was read before outlines were stored.
    """
    quotes: list[ShownQuote] = []
    counts: list[tuple[int, str]] = []
    read: StoredChunk | None = None
    for document in documents:
        chunks = library.document_chunks(document.collection_id, document.file_id)
        headings = library.headings(document.collection_id, document.file_id)
        if not headings or any(chunk.chunk.kind is not BlockKind.CODE for chunk in chunks):
            return None
        definitions = [item.heading for item in _list_definitions(headings) if item.is_a(question.kind)]
        counts.append((len(definitions), document.filename))
        quotes += [quote for heading in definitions if (quote := _quote_line(heading, chunks)) is not None]
        read = read or chunks[0]
    if read is None:
        return None
    lead = _introduce(question, counts, shown=min(len(quotes), MAX_SHOWN))
    return TableAnswer(lead, tuple(quotes[:MAX_SHOWN]), read, "the outline of the code, every definition in it")


def select_source_files(library: Library, collections: Sequence[str], scope: Scope | None) -> tuple[DocumentName, ...]:
    """Return the documents whose definitions a question can be for: those that it names, else the only one."""
    if scope is not None:
        return scope.documents
    if library.size(collections).documents != 1:
        return ()
    records = [document for id_ in collections for document in library.documents(id_) if document.chunks]
    return tuple(
        DocumentName(record.collection_id, record.file_id, record.filename, record.title) for record in records
    )


def _list_definitions(headings: Sequence[Heading]) -> list[_Definition]:
    definitions: list[_Definition] = []
    enclosing: list[Heading] = []
    for heading in headings:
        enclosing = [outer for outer in enclosing if outer.level < heading.level]
        is_member = any(outer.title.split()[0] in _CLASSES | {"impl", "union"} for outer in enclosing)
        definitions.append(_Definition(heading, is_member))
        enclosing.append(heading)
    return definitions


def _quote_line(heading: Heading, chunks: Sequence[StoredChunk]) -> ShownQuote | None:
    """Return the line of a definition, the decorators above it left out."""
    name = heading.title.split()[-1].rsplit("::", 1)[-1]
    stored = next((chunk for chunk in chunks if heading.start < chunk.chunk.end), None)
    if stored is None:
        return None
    text, base = stored.chunk.text, stored.chunk.start
    first = max(heading.start - base, 0)  # a chunk does not begin with the white space of a line
    at = text.find(name, first)
    start = text.rfind("\n", 0, max(at, first)) + 1
    end = text.find("\n", max(at, start))
    line = text[start : len(text) if end < 0 else end]
    start += len(line) - len(line.lstrip())
    match = SentenceMatch(stored, base + start, base + start + len(line.strip()), 1.0)
    return ShownQuote(match, match.text)


def _introduce(question: CodeQuestion, counts: Sequence[tuple[int, str]], *, shown: int) -> str:
    """Return Pincite's own words in front of the definitions."""
    parts = [f"{count} {question.kind if count == 1 else _PLURALS[question.kind]} in {name}" for count, name in counts]
    total = sum(count for count, _ in counts)
    more = f"; the first {shown} of them" if total > shown else ""
    return ", ".join(parts) + more + (":\n\n" if total else ".")
