"""`pincite conversations`: list, show, rename, export, replay and delete stored conversations."""

import json
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

from rich.padding import Padding
from rich.text import Text

from api.commands.output import (
    CommandError,
    add_row,
    messages,
    results,
    strip_control_chars,
    style_status,
    table,
    write_json,
)
from api.commands.resources import open_library, open_services
from api.settings import AllSettings
from api.wire.base import clean_name
from api.wire.conversations import (
    MAX_TITLE_CHARS,
    ConversationExport,
    ConversationObject,
    ItemObject,
    ReplayObject,
)
from ingest.conversation_types import ConversationRecord
from ingest.library.library import Library
from rag.conversations.export import STATES, render_markdown
from rag.conversations.replay import Replay, replay
from rag.conversations.turns import Turn, decode_turn
from rag.types import Citation

SPEAKERS = {"system": "instructions", "user": "question", "assistant": "answer"}


def list_conversations(settings: AllSettings, query: str, *, as_json: bool) -> int:
    """List all conversations, or those with all words of a query, most recently used first."""
    with open_library(settings) as library:
        conversations = library.conversations(query)[::-1]
    if as_json:
        write_json([ConversationObject.of(conversation).json_object() for conversation in conversations])
        return 0
    rows = table("id", "turns", "used", "title")
    for conversation in conversations:
        updated = _format_time(conversation.updated_at)
        add_row(rows, (conversation.id, conversation.turns, updated, conversation.title))
    results().print(rows)
    return 0


def show_conversation(settings: AllSettings, conversation_id: str, leaf: str | None, *, as_json: bool) -> int:
    """Show one branch of a conversation."""
    with open_library(settings) as library:
        conversation, path = library.conversation(conversation_id), _path(library, conversation_id, leaf)
    if as_json:
        write_json(
            {
                **ConversationObject.of(conversation).json_object(),
                "data": [ItemObject.of(turn).json_object() for turn in path],
            }
        )
        return 0
    results().print(Text(strip_control_chars(conversation.title), style="bold"))
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
        write_json(ConversationObject.of(renamed).json_object())
    messages().print(strip_control_chars(f"{renamed.id} is called {renamed.title}"))
    return 0


def remove_conversations(settings: AllSettings, ids: Sequence[str], *, as_json: bool) -> int:
    """Delete conversations; none is deleted if one id is unknown."""
    with open_library(settings) as library:
        chosen = [library.conversation(id_) for id_ in dict.fromkeys(ids)]
        for conversation in chosen:
            library.delete_conversation(conversation.id)
    if as_json:
        write_json([ConversationObject.of(conversation).json_object() for conversation in chosen])
    messages().print(f"{len(chosen)} removed")
    return 0


def export_conversation(
    settings: AllSettings, conversation_id: str, form: Literal["markdown", "json"], output: Path | None
) -> int:
    """Write a conversation to stdout, or to a file that only its owner can read."""
    with open_library(settings) as library:
        conversation, path = library.conversation(conversation_id), _path(library, conversation_id)
        turns = [decode_turn(stored) for stored in library.turns(conversation_id)]
    text = render_markdown(conversation, path) if form == "markdown" else _to_json(conversation, turns, path)
    if output is None:
        results().print(strip_control_chars(text), end="")
        return 0
    _write_new(output, text)
    messages().print(strip_control_chars(f"written to {output}"))
    return 0


def replay_turn(settings: AllSettings, conversation_id: str, turn_id: str | None, *, as_json: bool) -> int:
    """Ask a question again under the same conditions; return 1 if the answer differs."""
    from api.chat import answer_events  # everything that answers: too much for commands that list

    with open_services(settings) as services:
        chosen = turn_id or services.library.conversation(conversation_id).current
        if chosen is None:
            raise CommandError("this conversation has no answer to replay")
        outcome = _run(
            replay(services.conversations, conversation_id, chosen, lambda question: answer_events(services, question))
        )
    if as_json:
        write_json(ReplayObject.of(outcome).json_object())
    else:
        _print_replay(outcome)
    return 0 if outcome.is_same else 1


def _run(work: Generator[None, None, Replay]) -> Replay:
    while True:
        try:
            next(work)
        except StopIteration as end:
            outcome: Replay = end.value
            return outcome


def _print_replay(outcome: Replay) -> None:
    console = results()
    if outcome.is_same:
        console.print(Text("the same answer", style="green"))
    elif outcome.problem:
        console.print(Text(strip_control_chars(f"the question cannot be asked again: {outcome.problem}"), style="red"))
    else:
        console.print(Text(f"the answers differ from character {outcome.first_difference} on", style="red"))
        console.print(strip_control_chars(f"- {outcome.before}\n+ {outcome.now}"))
    for change in outcome.changes:
        console.print(strip_control_chars(f"{change.about}: {change.what}"))


def _print_turn(turn: Turn) -> None:
    console = results()
    others = f", version {turn.versions.index(turn.id) + 1} of {len(turn.versions)}" if len(turn.versions) > 1 else ""
    console.print(Text(f"\n{SPEAKERS[turn.role]}  {turn.id}{others}", style="dim"))
    console.print(strip_control_chars(turn.text))
    if turn.status != "complete":
        console.print(Text(f"[{turn.status}]", style="yellow"))
    answer = None if turn.record is None else turn.record.answer
    for citation in () if answer is None else answer.citations:
        _print_citation(turn, citation)


def _print_citation(turn: Turn, citation: Citation) -> None:
    quote, state = citation.quote, STATES[turn.state_of(citation.quote)]
    head = Text.assemble(
        (f"[{citation.number}] ", "bold cyan"),
        (f"{strip_control_chars(quote.location)}  ", "bold"),
        style_status(citation.verdict),
    )
    if state:
        head.append(f"  {state}", style="yellow")
    results().print(head)
    if quote.quote:
        quoted = Text(" ".join(strip_control_chars(quote.quote).split()), style="italic")
        results().print(Padding(quoted, (0, 0, 0, 4), expand=False), soft_wrap=False)


def _path(library: Library, conversation_id: str, leaf: str | None = None) -> list[Turn]:
    return [decode_turn(stored) for stored in library.conversation_path(conversation_id, leaf)]


def _to_json(conversation: ConversationRecord, turns: Sequence[Turn], path: Sequence[Turn]) -> str:
    return (
        json.dumps(ConversationExport.of(conversation, turns, path).json_object(), ensure_ascii=False, indent=2) + "\n"
    )


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(f"{path} exists already; name another file", exit_code=2) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _format_time(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
