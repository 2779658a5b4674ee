"""`pincite search`, `ask` and `chat`: questions from the terminal."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.commands.answer_output import AnswerView, shortened, show_pins
from api.commands.chat_session import Talk, open_talk
from api.commands.output import CommandError, messages, printable, results, write_json, write_json_line
from api.commands.resources import open_services
from api.objects import JsonObject, annotation_object, check_object, explanation_object, quote_object
from api.services import Services
from api.settings import AllSettings
from ingest.errors import IngestError
from ingest.library.filters import parse_expressions
from ingest.library.pages import place_of
from ingest.types import Filter
from rag.errors import RagError
from rag.retrieval.explanation import explain_score
from rag.types import Answer, AnswerMode, AnswerStyle, Question, ScoredChunk, Search

FAREWELLS = frozenset({"/exit", "/quit", "/bye"})


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Where and how a question is answered; None leaves the choice to the settings."""

    collections: tuple[str, ...]
    mode: AnswerMode | None = None
    model: str | None = None
    filters: tuple[str, ...] = ()
    style: AnswerStyle | None = None


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Where is searched, how much is shown and whether with the reasons, and the filters as they were typed."""

    collection: str
    top_k: int
    filters: tuple[str, ...] = ()
    explain: bool = False


def search(settings: AllSettings, query: str, options: SearchOptions, *, as_json: bool) -> int:
    """Show the chunks that fit a query best."""
    wanted = typed_filter(options.filters)
    with open_services(settings) as services:
        collection = services.searchable(options.collection)
        looked_at = services.retriever.rank_candidates(Search(query, (collection.id,), filters=wanted), options.top_k)
        found = looked_at[: options.top_k]
        places = [place_of(services.library, each.chunk) for each in found]
    if as_json:
        write_json([_search_row(each, explain=options.explain) for each in found])
        return 0
    for number, (each, place) in enumerate(zip(found, places, strict=True), start=1):
        _print_found(number, each, place, explain=options.explain)
    if not found:
        messages().print("nothing found")
    elif options.explain:
        messages().print(
            f"{len(looked_at)} chunks were looked at; {len(looked_at) - len(found)} are not shown: --top-k"
        )
    return 0


def _print_found(number: int, found: ScoredChunk, place: str, *, explain: bool) -> None:
    console = results()
    where = ", ".join(part for part in (found.chunk.source, place) if part)
    console.print(Text(f"{number}. {printable(where)}", style="bold"), end="")
    console.print(Text(f"  score {found.score:.3f}", style="dim"))
    if explain:
        console.print(Padding(Text(explain_score(found), style="dim"), (0, 0, 0, 3), expand=False), soft_wrap=False)
    console.print(Padding(Text(shortened(found.chunk.chunk.text)), (0, 0, 1, 3), expand=False), soft_wrap=False)


def ask(settings: AllSettings, question: str, options: AskOptions, *, as_json: bool) -> int:
    """Answer one question with citations."""
    with open_services(settings) as services:
        answer = _answer(services, question, options, None if as_json else results(), open_talk(services))
    if as_json:
        write_json(_ask_object(answer))
    else:
        show_pins(answer)
    return 0


def chat(
    settings: AllSettings, options: AskOptions, *, conversation: str | None, is_stored: bool, as_json: bool
) -> int:
    """Answer questions until the user has no more of them. One that cannot be answered does not end the chat."""
    typed_filter(options.filters)  # one that is none ends the chat before it begins
    console = None if as_json else results()
    with open_services(settings) as services:
        _asked(services, options)
        talk = open_talk(services, conversation, is_stored=is_stored)
        messages().print("Ask about your documents. An empty line or /exit ends the chat.")
        while question := _next_question():
            try:
                answer = _answer(services, question, options, console, talk)
            except (IngestError, RagError, CommandError) as error:
                _report_failure(error, as_json=as_json)
                continue
            if as_json:
                write_json_line({**_ask_object(answer), **talk.about()})
            else:
                show_pins(answer)
        talk.close()
    return 0


def typed_filter(typed: Sequence[str]) -> Filter | None:
    """Return the filter that `--filter` names; raises `CommandError` where it is none."""
    try:
        return parse_expressions(typed)
    except ValueError as error:
        raise CommandError(f"--filter: {error}", exit_code=2) from error


def _report_failure(error: Exception, *, as_json: bool) -> None:
    """Tell why there is no answer; with JSON, every question has its line."""
    messages().print(printable(f"pincite: {error}"))
    if as_json:
        write_json_line({"error": str(error)})


def _next_question() -> str:
    """Return what the user types; empty at the end of the chat."""
    try:
        typed = messages().input(Text("\n> ", style="bold cyan")).strip()
    except EOFError:
        return ""
    return "" if typed in FAREWELLS else typed


def _answer(services: Services, asked: str, options: AskOptions, console: Console | None, talk: Talk) -> Answer:
    """Return the answer; where there is a console, show it there while it is written."""
    wanted = typed_filter(options.filters)
    question = Question(
        messages=talk.messages(asked),
        collections=_asked(services, options),
        mode=options.mode or services.settings.rag.context_mode,
        model=options.model,
        filters=wanted,
        style=options.style or "auto",
    )
    shown = AnswerView(console) if console is not None else None
    with closing(talk.kept(question, services.answerer.answer(question))) as events:
        for event in events:
            if isinstance(event, Answer):
                return event
            if shown is not None:
                shown.show(event)
    raise AssertionError("events that do not raise end with the answer")


def _asked(services: Services, options: AskOptions) -> tuple[str, ...]:
    """Return the ids of the collections that are asked, each once; raises where one of them cannot be."""
    return tuple(dict.fromkeys(services.searchable(name).id for name in options.collections))


def _search_row(found: ScoredChunk, *, explain: bool) -> JsonObject:
    stored, chunk = found.chunk, found.chunk.chunk
    return {
        "file_id": stored.file_id,
        "source": stored.source,
        "page": chunk.first_page,
        "start": chunk.start,
        "end": chunk.end,
        "score": found.score,
        "text": chunk.text,
        **({"explanation": explanation_object(found)} if explain else {}),
    }


def _ask_object(answer: Answer) -> JsonObject:
    checked = check_object(answer)
    return {
        "answer": answer.text,
        "citations": [annotation_object(citation) for citation in answer.citations],
        "evidence": [quote_object(quote) for quote in answer.evidence],
        "mode": answer.mode,
        "reason": answer.reason,
        "sentences": checked["sentences"],
        "disagreements": checked["disagreements"],
        "style": answer.style,
        "timings": checked["timings"],
        "model": answer.model,
    }
