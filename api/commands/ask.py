"""`pincite search`, `ask` and `chat`: questions from the terminal."""

from contextlib import closing

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.backends.errors import BackendError
from api.backends.types import Backend, CompleteAnswer
from api.commands.answer_output import AnswerView, print_citations, shorten
from api.commands.backend import open_backend
from api.commands.chat_session import ChatSession, open_chat_session
from api.commands.output import CommandError, messages, results, strip_control_chars, write_json, write_json_line
from api.commands.requests import AskOptions, SearchOptions, build_search_request, parse_filter_options
from api.settings import AllSettings
from api.wire.base import JsonObject
from api.wire.search import SearchResult
from ingest.errors import IngestError
from rag.errors import RagError

FAREWELLS = frozenset({"/exit", "/quit", "/bye"})


def search(settings: AllSettings, query: str, options: SearchOptions, *, as_json: bool) -> int:
    """Print the chunks that match a query best."""
    request = build_search_request(options, query)
    with open_backend(settings, is_local=options.is_local) as backend:
        response = backend.search(options.collection, request)
    if as_json:
        write_json([_search_row(hit) for hit in response.data])
        return 0
    for number, hit in enumerate(response.data, start=1):
        _print_hit(number, hit)
    if not response.data:
        messages().print("nothing found")
    elif response.explanation is not None:
        cut = len(response.explanation.cut)
        messages().print(f"{len(response.data) + cut} candidates; {cut} are not shown: --top-k")
    return 0


def _print_hit(number: int, hit: SearchResult) -> None:
    console = results()
    location = ", ".join(str(part) for part in (hit.attributes["source"], hit.attributes["place"]) if part)
    console.print(Text(f"{number}. {strip_control_chars(location)}", style="bold"), end="")
    console.print(Text(f"  score {hit.score:.3f}", style="dim"))
    if hit.explanation is not None:
        console.print(Padding(Text(hit.explanation.text, style="dim"), (0, 0, 0, 3), expand=False), soft_wrap=False)
    console.print(Padding(Text(shorten(hit.content[0].text)), (0, 0, 1, 3), expand=False), soft_wrap=False)


def ask(settings: AllSettings, question: str, options: AskOptions, *, as_json: bool) -> int:
    """Answer one question with citations."""
    parse_filter_options(options.filters)  # a wrong filter needs no backend
    with open_backend(settings, is_local=options.is_local) as backend:
        _check_collections(backend, options)
        answer = _answer(open_chat_session(backend, options), question, None if as_json else results())
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
    with open_backend(settings, is_local=options.is_local) as backend:
        _check_collections(backend, options)
        session = open_chat_session(backend, options, conversation, is_stored=is_stored)
        messages().print("Ask about your documents. An empty line or /exit ends the chat.")
        while question := _next_question():
            try:
                answer = _answer(session, question, console)
            except (IngestError, RagError, BackendError, CommandError) as error:
                _report_failure(error, as_json=as_json)
                continue
            if as_json:
                write_json_line({**_ask_object(answer), **session.describe()})
            else:
                print_citations(answer)
        session.close()
    return 0


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


def _check_collections(backend: Backend, options: AskOptions) -> None:
    """Raise if one of the collections does not exist or cannot be searched."""
    for name in dict.fromkeys(options.collections):
        backend.check_collection(name)


def _answer(session: ChatSession, question: str, console: Console | None) -> CompleteAnswer:
    """Return the answer; a console shows it while it is generated."""
    view = AnswerView(console) if console is not None else None
    with closing(session.ask(question)) as events:
        for event in events:
            if isinstance(event, CompleteAnswer):
                return event
            if view is not None:
                view.show(event)
    raise CommandError("the answer ended early; ask again")


def _search_row(hit: SearchResult) -> JsonObject:
    return {
        "file_id": hit.file_id,
        **{name: hit.attributes[name] for name in ("source", "page", "start", "end")},
        "score": hit.score,
        "text": hit.content[0].text,
        **({} if hit.explanation is None else {"explanation": hit.explanation.json_object()}),
    }


def _ask_object(answer: CompleteAnswer) -> JsonObject:
    return {
        "answer": answer.text,
        "citations": [citation.json_object() for citation in answer.citations],
        **answer.check.json_object(),
    }
