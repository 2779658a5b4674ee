"""`pincite search`, `ask` and `chat`: questions from the terminal."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.commands.answer_output import AnswerView, print_citations, shorten
from api.commands.chat_session import ChatSession, open_chat_session
from api.commands.output import CommandError, messages, results, strip_control_chars, write_json, write_json_line
from api.commands.resources import open_services
from api.services import Services
from api.settings import AllSettings
from api.wire.answers import AnswerCheck, citations_of
from api.wire.base import JsonObject
from api.wire.search import ScoreExplanation
from ingest.errors import IngestError
from ingest.library.filters import parse_expressions
from ingest.library.pages import describe_place
from ingest.types import Filter
from rag.errors import RagError
from rag.retrieval.explanation import explain_score
from rag.types import Answer, AnswerMode, AnswerStyle, Question, ScoredChunk, Search

FAREWELLS = frozenset({"/exit", "/quit", "/bye"})


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Which collections answer a question, and how; None leaves the choice to the settings."""

    collections: tuple[str, ...]
    mode: AnswerMode | None = None
    model: str | None = None
    filters: tuple[str, ...] = ()
    style: AnswerStyle | None = None


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Which collection is searched, how many results are shown, and the filters as typed."""

    collection: str
    top_k: int
    filters: tuple[str, ...] = ()
    explain: bool = False


def search(settings: AllSettings, query: str, options: SearchOptions, *, as_json: bool) -> int:
    """Print the chunks that match a query best."""
    filters = parse_filter_options(options.filters)
    with open_services(settings) as services:
        collection = services.searchable(options.collection)
        candidates = services.retriever.rank_candidates(Search(query, (collection.id,), filters=filters), options.top_k)
        hits = candidates[: options.top_k]
        places = [describe_place(services.library, hit.chunk) for hit in hits]
    if as_json:
        write_json([_search_row(hit, explain=options.explain) for hit in hits])
        return 0
    for number, (hit, place) in enumerate(zip(hits, places, strict=True), start=1):
        _print_hit(number, hit, place, explain=options.explain)
    if not hits:
        messages().print("nothing found")
    elif options.explain:
        messages().print(f"{len(candidates)} candidates; {len(candidates) - len(hits)} are not shown: --top-k")
    return 0


def _print_hit(number: int, hit: ScoredChunk, place: str, *, explain: bool) -> None:
    console = results()
    location = ", ".join(part for part in (hit.chunk.source, place) if part)
    console.print(Text(f"{number}. {strip_control_chars(location)}", style="bold"), end="")
    console.print(Text(f"  score {hit.score:.3f}", style="dim"))
    if explain:
        console.print(Padding(Text(explain_score(hit), style="dim"), (0, 0, 0, 3), expand=False), soft_wrap=False)
    console.print(Padding(Text(shorten(hit.chunk.chunk.text)), (0, 0, 1, 3), expand=False), soft_wrap=False)


def ask(settings: AllSettings, question: str, options: AskOptions, *, as_json: bool) -> int:
    """Answer one question with citations."""
    with open_services(settings) as services:
        answer = _answer(services, question, options, None if as_json else results(), open_chat_session(services))
    if as_json:
        write_json(_ask_object(answer))
    else:
        print_citations(answer)
    return 0


def chat(
    settings: AllSettings, options: AskOptions, *, conversation: str | None, is_stored: bool, as_json: bool
) -> int:
    """Answer questions until the user ends the chat; a question that cannot be answered does not end it."""
    parse_filter_options(options.filters)  # a wrong filter ends the chat before it starts
    console = None if as_json else results()
    with open_services(settings) as services:
        _collection_ids(services, options)
        session = open_chat_session(services, conversation, is_stored=is_stored)
        messages().print("Ask about your documents. An empty line or /exit ends the chat.")
        while question := _next_question():
            try:
                answer = _answer(services, question, options, console, session)
            except (IngestError, RagError, CommandError) as error:
                _report_failure(error, as_json=as_json)
                continue
            if as_json:
                write_json_line({**_ask_object(answer), **session.describe()})
            else:
                print_citations(answer)
        session.close()
    return 0


def parse_filter_options(typed: Sequence[str]) -> Filter | None:
    """Return the filter of the `--filter` options, None without any; a wrong one raises `CommandError`."""
    try:
        return parse_expressions(typed)
    except ValueError as error:
        raise CommandError(f"--filter: {error}", exit_code=2) from error


def _report_failure(error: Exception, *, as_json: bool) -> None:
    """Print why there is no answer; as JSON, every question has one line."""
    messages().print(strip_control_chars(f"pincite: {error}"))
    if as_json:
        write_json_line({"error": str(error)})


def _next_question() -> str:
    """Return the next line that the user types; empty ends the chat."""
    try:
        typed = messages().input(Text("\n> ", style="bold cyan")).strip()
    except EOFError:
        return ""
    return "" if typed in FAREWELLS else typed


def _answer(
    services: Services, text: str, options: AskOptions, console: Console | None, session: ChatSession
) -> Answer:
    """Return the answer; a console shows it while it is generated."""
    filters = parse_filter_options(options.filters)
    question = Question(
        messages=session.messages(text),
        collections=_collection_ids(services, options),
        mode=options.mode or services.settings.rag.context_mode,
        model=options.model,
        filters=filters,
        style=options.style or "auto",
    )
    view = AnswerView(console) if console is not None else None
    with closing(session.record(question, services.answerer.answer(question))) as events:
        for event in events:
            if isinstance(event, Answer):
                return event
            if view is not None:
                view.show(event)
    raise CommandError("the answer ended early; ask again")


def _collection_ids(services: Services, options: AskOptions) -> tuple[str, ...]:
    """Return the ids of the collections to ask, each once; raises if one cannot be searched."""
    return tuple(dict.fromkeys(services.searchable(name).id for name in options.collections))


def _search_row(hit: ScoredChunk, *, explain: bool) -> JsonObject:
    stored, chunk = hit.chunk, hit.chunk.chunk
    return {
        "file_id": stored.file_id,
        "source": stored.source,
        "page": chunk.first_page,
        "start": chunk.start,
        "end": chunk.end,
        "score": hit.score,
        "text": chunk.text,
        **({"explanation": ScoreExplanation.of(hit).json_object()} if explain else {}),
    }


def _ask_object(answer: Answer) -> JsonObject:
    return {
        "answer": answer.text,
        "citations": [citation.json_object() for citation in citations_of(answer)],
        **AnswerCheck.of(answer).json_object(),
    }
