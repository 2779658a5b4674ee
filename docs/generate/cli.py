"""The reference of the command line, from the commands themselves."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperOption

from api.cli import app
from docs.generate.markdown import bullets, code, codes, first_sentence, join_blocks, paragraph

Command = Any
"""A command as typer builds it; typer does not export its type."""

INTRODUCTION = (
    "Every command takes `--json` (machine-readable results) and `--home` (see `PINCITE_HOME` in the "
    "[settings](settings.md)). Results go to stdout, messages and progress to stderr. The exit status is 0, 1 for a "
    "failure, 2 for misuse and 130 after Ctrl-C. `pincite --version` prints the version."
)
VALUE_NAMES = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}
COMMON_OPTIONS = frozenset({"--json", "--home"})


def render() -> str:
    """Return the page."""
    return join_blocks("Command line", [paragraph(INTRODUCTION), *_blocks()])


def find_commands() -> Iterator[tuple[str, Command]]:
    """Yield every command that does something, with the words that are typed for it."""
    yield from _commands_below(typer.main.get_command(app), "pincite")


def option_names(command: Command) -> frozenset[str]:
    """Return every spelling of every option of a command."""
    return frozenset(name for option in _options(command) for name in (*option.opts, *option.secondary_opts))


def _commands_below(command: Command, words: str) -> Iterator[tuple[str, Command]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from _commands_below(child, f"{words} {name}")


def _options(command: Command) -> list[TyperOption]:
    return [parameter for parameter in command.params if isinstance(parameter, TyperOption)]


def _arguments(command: Command) -> list[TyperArgument]:
    return [parameter for parameter in command.params if isinstance(parameter, TyperArgument)]


def _blocks() -> Iterator[str]:
    for words, command in find_commands():
        usage = " ".join([words, *(_argument_name(argument) for argument in _arguments(command))])
        options = [option for option in _options(command) if not COMMON_OPTIONS & set(option.opts)]
        yield f"## `{usage}`"
        yield paragraph(first_sentence(command.help))
        yield bullets([*map(_describe_argument, _arguments(command)), *map(_describe_option, options)])


def _argument_name(argument: TyperArgument) -> str:
    """Return an argument as the usage line has it: `NAME`, `NAME…` for several, `[NAME]` if it can be left out."""
    name = argument.metavar or str(argument.name).upper()
    repeated = f"{name}…" if argument.nargs == -1 and not name.endswith("…") else name
    return repeated if argument.required else f"[{repeated}]"


def _describe_argument(argument: TyperArgument) -> str:
    return f"{code(_argument_name(argument))}: {_sentence(argument.help)}".removesuffix(": ")


def _describe_option(option: TyperOption) -> str:
    value = "" if option.is_flag else f" {code(option.metavar or _value_name(option))}"
    return f"{codes([*option.opts, *option.secondary_opts])}{value}: {_sentence(option.help)}{_default_of(option)}"


def _value_name(option: TyperOption) -> str:
    """Return what stands for the value: the choices, or a word for its type."""
    annotation: Any = option.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    (*_, item) = get_args(annotation) or (annotation,)
    return VALUE_NAMES[item]


def _default_of(option: TyperOption) -> str:
    """Return the default as a sentence, unless the help gives it or there is none worth a word."""
    if option.is_flag:
        names = [option.opts[0] if option.default else name for name in option.secondary_opts[:1]]
    elif callable(option.default) or "[default" in (option.help or ""):
        names = []
    else:
        values: Sequence[Any] = (option.default or ()) if option.multiple else [option.default]
        names = [str(value) for value in values if value not in (None, "")]
    return f" Default: {codes(names)}." if names else ""


def _sentence(text: str | None) -> str:
    """Return help on one line, with `[default: x]` as a sentence of its own."""
    head, _, default = " ".join((text or "").split()).partition("[default: ")
    return f"{head.strip()} Default: {default.rstrip(']')}." if default else head
