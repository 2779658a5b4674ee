"""`pincite conversations`: stored conversations, looked at, exported, repeated and deleted."""

import json
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

from rich.padding import Padding
from rich.text import Text

from api.chat import answer_events
from api.commands.output import CommandError, add_row, messages, printable, results, styled, table, write_json
from api.commands.resources import open_library, open_services
from api.conversation_objects import conversation_object, export_object, item_object, replay_object
from api.schemas import MAX_TITLE_CHARS, clean_name
from api.settings import AllSettings
from ingest.conversation_types import ConversationRecord
from ingest.library.library import Library
from rag.conversations.export import STATES, render_markdown
from rag.conversations.replay import Replay, replay
from rag.conversations.turns import Turn, decode_turn
from rag.types import Citation

SPEAKERS = {"system": "instructions", "user": "question", "assistant": "answer"}


def list_conversations(settings: AllSettings, query: str, *, as_json: bool) -> int:
    """Show all conversations, or those with all words of a query, the one that was used last first."""
    with open_library(settings) as library:
        found = library.conversations(query)[::-1]
    if as_json:
        write_json([conversation_object(each) for each in found])
        return 0
    shown = table("id", "turns", "used", "title")
    for each in found:
        add_row(shown, (each.id, each.turns, _time(each.updated_at), each.title))
    results().print(shown)
    return 0


def show_conversation(settings: AllSettings, conversation_id: str, leaf: str | None, *, as_json: bool) -> int:
    """Show one branch of a conversation."""
    with open_library(settings) as library:
        told, path = library.conversation(conversation_id), _path(library, conversation_id, leaf)
    if as_json:
        write_json({**conversation_object(told), "data": [item_object(turn) for turn in path]})
        return 0
    results().print(Text(printable(told.title), style="bold"))
    for turn in path:
        _print_turn(turn)
    return 0


def rename_conversation(settings: AllSettings, conversation_id: str, title: str, *, as_json: bool) -> int:
    """Give a conversation another title."""
    name = clean_name(title)
    if not 1 <= len(name) <= MAX_TITLE_CHARS:
        raise CommandError(f"a title has 1 to {MAX_TITLE_CHARS} characters", exit_code=2)
    with open_library(settings) as library:
        renamed = library.update_conversation(conversation_id, title=name)
    if as_json:
        write_json(conversation_object(renamed))
    messages().print(printable(f"{renamed.id} is called {renamed.title}"))
    return 0


def remove_conversations(settings: AllSettings, ids: Sequence[str], *, as_json: bool) -> int:
    """Delete conversations; one id that is mistyped leaves the others where they are."""
    with open_library(settings) as library:
        chosen = [library.conversation(id_) for id_ in dict.fromkeys(ids)]
        for each in chosen:
            library.delete_conversation(each.id)
    if as_json:
        write_json([conversation_object(each) for each in chosen])
    messages().print(f"{len(chosen)} removed")
    return 0


def export_conversation(
    settings: AllSettings, conversation_id: str, form: Literal["markdown", "json"], output: Path | None
) -> int:
    """Write a conversation to stdout, or to a file that only its owner can read."""
    with open_library(settings) as library:
        told, path = library.conversation(conversation_id), _path(library, conversation_id)
        turns = [decode_turn(stored) for stored in library.turns(conversation_id)]
    text = render_markdown(told, path) if form == "markdown" else _as_json(told, turns, path)
    if output is None:
        results().print(printable(text), end="")
        return 0
    _write_new(output, text)
    messages().print(printable(f"written to {output}"))
    return 0


def replay_turn(settings: AllSettings, conversation_id: str, turn_id: str | None, *, as_json: bool) -> int:
    """Ask a question again as it was asked; return 1 where the answer is another."""
    with open_services(settings) as services:
        chosen = turn_id or services.library.conversation(conversation_id).current
        if chosen is None:
            raise CommandError("there is nothing in this conversation to repeat")
        outcome = _finished(
            replay(services.conversations, conversation_id, chosen, lambda question: answer_events(services, question))
        )
    if as_json:
        write_json(replay_object(outcome))
    else:
        _print_replay(outcome)
    return 0 if outcome.is_same else 1


def _finished(work: Generator[None, None, Replay]) -> Replay:
    while True:
        try:
            next(work)
        except StopIteration as end:
            outcome: Replay = end.value
            return outcome


def _print_replay(outcome: Replay) -> None:
    console = results()
    if outcome.is_same:
        console.print(Text("the same text again", style="green"))
    elif outcome.problem:
        console.print(Text(printable(f"it cannot be asked again: {outcome.problem}"), style="red"))
    else:
        console.print(Text(f"another text, from character {outcome.first_difference} on", style="red"))
        console.print(printable(f"- {outcome.before}\n+ {outcome.now}"))
    for change in outcome.changes:
        console.print(printable(f"{change.about}: {change.what}"))


def _print_turn(turn: Turn) -> None:
    console = results()
    others = f", version {turn.versions.index(turn.id) + 1} of {len(turn.versions)}" if len(turn.versions) > 1 else ""
    console.print(Text(f"\n{SPEAKERS[turn.role]}  {turn.id}{others}", style="dim"))
    console.print(printable(turn.text))
    if turn.status != "complete":
        console.print(Text(f"[{turn.status}]", style="yellow"))
    answer = None if turn.record is None else turn.record.answer
    for citation in () if answer is None else answer.citations:
        _print_citation(turn, citation)


def _print_citation(turn: Turn, citation: Citation) -> None:
    quote, state = citation.quote, STATES[turn.state_of(citation.quote)]
    head = Text.assemble(
        (f"[{citation.number}] ", "bold cyan"), (f"{printable(quote.location)}  ", "bold"), styled(citation.verdict)
    )
    if state:
        head.append(f"  {state}", style="yellow")
    results().print(head)
    if quote.quote:
        said = Text(" ".join(printable(quote.quote).split()), style="italic")
        results().print(Padding(said, (0, 0, 0, 4), expand=False), soft_wrap=False)


def _path(library: Library, conversation_id: str, leaf: str | None = None) -> list[Turn]:
    return [decode_turn(stored) for stored in library.conversation_path(conversation_id, leaf)]


def _as_json(told: ConversationRecord, turns: Sequence[Turn], path: Sequence[Turn]) -> str:
    return json.dumps(export_object(told, turns, path), ensure_ascii=False, indent=2) + "\n"


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(f"{path} is there already; name another file", exit_code=2) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
