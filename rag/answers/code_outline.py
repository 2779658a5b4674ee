"""Answer questions for the definitions of source files from their outlines, every definition quoted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.library.library import Library
from ingest.text.analyzer import extract_terms
from ingest.types import BlockKind, DocumentName, Heading, StoredChunk
from rag.grounding.computed_answer import ComputedAnswer
from rag.grounding.evidence import SentenceMatch
from rag.grounding.shown_quote import ShownQuote
from rag.questions.code_question import CodeQuestion, DefinitionKind
from rag.questions.scope import Scope

MAX_MENTIONS = 100
"""Chunks that are looked at for the file with a type."""
MAX_SHOWN = 100
"""A longer list is not read; the answer says how many there are."""
_CLASSES = frozenset({"class", "struct", "record", "interface", "trait", "enum", "object", "actor"})
_OWNERS = _CLASSES | {"impl", "union"}
_TYPE_WORDS = _CLASSES | {"impl", "mixin", "mod", "module", "namespace", "protocol", "type", "union"}
_PLURALS: dict[DefinitionKind, str] = {"function": "functions", "method": "methods", "class": "classes"}


@dataclass(frozen=True, slots=True)
class _Definition:
    """A heading of a source file, and the name of the type that it is inside of, if any."""

    heading: Heading
    owner: str | None

    def is_asked_for(self, question: CodeQuestion) -> bool:
        """Whether it is of the kind, and a member of the type if the question names one."""
        return self._is_a(question.kind) and (not question.owner or self.owner == question.owner)

    def _is_a(self, kind: DefinitionKind) -> bool:
        keyword = self.heading.title.split()[0]
        if kind == "class":
            return keyword in _CLASSES
        return keyword not in _TYPE_WORDS and (kind == "function" or self.owner is not None)


def answer_from_outline(
    library: Library, question: CodeQuestion, documents: Sequence[DocumentName]
) -> ComputedAnswer | None:
    """Return the definitions that a question asks for in the source files that it names.

    None if one of the documents is no source file, or was read before outlines were stored, and if none of them has
    the type whose members are asked for.
    """
    quotes: list[ShownQuote] = []
    counts: list[tuple[int, str]] = []
    read: StoredChunk | None = None
    for document in documents:
        chunks = library.document_chunks(document.collection_id, document.file_id)
        headings = library.headings(document.collection_id, document.file_id)
        if not headings or any(chunk.chunk.kind is not BlockKind.CODE for chunk in chunks):
            if question.owner:
                continue
            return None
        listed = _list_definitions(headings)
        if question.owner and not any(_is_type(item.heading, question.owner) for item in listed):
            continue
        definitions = [item.heading for item in listed if item.is_asked_for(question)]
        counts.append((len(definitions), document.filename))
        quotes += [quote for heading in definitions if (quote := _quote_line(heading, chunks)) is not None]
        read = read or chunks[0]
    if read is None:
        return None
    lead = _introduce(question, counts, shown=min(len(quotes), MAX_SHOWN))
    return ComputedAnswer(lead, tuple(quotes[:MAX_SHOWN]), read, "the outline of the code, every definition in it")


def select_source_files(
    library: Library, collections: Sequence[str], question: CodeQuestion, scope: Scope | None
) -> tuple[DocumentName, ...]:
    """Return the documents whose definitions a question can be for: those that it names, else the only one.

    If it asks for the members of a type, those whose text has the name of that type.
    """
    if scope is not None:
        return scope.documents
    if library.size(collections).documents != 1:
        return tuple(_find_mentioning(library, collections, question.owner))
    records = [document for id_ in collections for document in library.documents(id_) if document.chunks]
    return tuple(
        DocumentName(record.collection_id, record.file_id, record.filename, record.title) for record in records
    )


def _find_mentioning(library: Library, collections: Sequence[str], name: str) -> Iterable[DocumentName]:
    """Return the source files with a name in their text, in no order; none for an empty name."""
    documents: dict[tuple[str, str], DocumentName] = {}
    terms = extract_terms(name)
    for id_ in collections if terms else ():
        hits = library.search_terms(id_, terms, MAX_MENTIONS)
        for stored in library.chunks([chunk_id for chunk_id, _ in hits]):
            if stored.chunk.kind is BlockKind.CODE and name in stored.chunk.text:
                document = DocumentName(id_, stored.file_id, stored.filename, "")
                documents.setdefault((id_, stored.file_id), document)
    return documents.values()


def _list_definitions(headings: Sequence[Heading]) -> list[_Definition]:
    definitions: list[_Definition] = []
    enclosing: list[Heading] = []
    for heading in headings:
        enclosing = [outer for outer in enclosing if outer.level < heading.level]
        types = [outer for outer in enclosing if outer.title.split()[0] in _OWNERS]
        definitions.append(_Definition(heading, _read_name(types[-1]) if types else None))
        enclosing.append(heading)
    return definitions


def _is_type(heading: Heading, name: str) -> bool:
    return heading.title.split()[0] in _OWNERS and _read_name(heading) == name


def _read_name(heading: Heading) -> str:
    """Return the name of a definition without its keyword and its namespace."""
    return heading.title.split()[-1].rsplit("::", 1)[-1]


def _quote_line(heading: Heading, chunks: Sequence[StoredChunk]) -> ShownQuote | None:
    """Return the line of a definition, the decorators above it left out."""
    name = _read_name(heading)
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
    of_owner = f" of {question.owner}" if question.owner else ""
    parts = [
        f"{count} {question.kind if count == 1 else _PLURALS[question.kind]}{of_owner} in {name}"
        for count, name in counts
    ]
    total = sum(count for count, _ in counts)
    more = f"; the first {shown} of them" if total > shown else ""
    return ", ".join(parts) + more + (":\n\n" if total else ".")
