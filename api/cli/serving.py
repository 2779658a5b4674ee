"""Serving, and how this machine does it: `serve`, `ui`, `up`, `doctor`, `bench`, `eval`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.options import Addresses, Home, Host, Json, Port, UiPort, settings_for

app = typer.Typer()


@app.command()
def serve(host: Host = None, port: Port = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the API."""
    settings = settings_for(home, host=host, port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.serve(settings, as_json=json))


@app.command()
def ui(host: Host = None, port: UiPort = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the chat page, for an API that runs already."""
    settings = settings_for(home, ui_host=host, ui_port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.ui(settings, as_json=json))


@app.command()
def up(
    host: Host = None, port: Port = None, ui_port: UiPort = None, json: Addresses = False, home: Home = None
) -> None:
    """Serve the API and the chat page."""
    settings = settings_for(home, host=host, port=port, ui_port=ui_port)
    from api.commands import serve as commands

    raise typer.Exit(commands.up(settings, as_json=json))


@app.command()
def doctor(json: Json = False, home: Home = None) -> None:
    """Check that everything works on this machine."""
    settings = settings_for(home)
    from api.commands import doctor as commands

    raise typer.Exit(commands.run(settings, as_json=json))


@app.command()
def bench(
    folder: Annotated[
        Path | None, typer.Argument(help="Documents to measure with.  [default: the samples]", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure this machine, in a library of its own that is deleted afterwards."""
    settings = settings_for(home)
    from api.commands import bench as commands

    raise typer.Exit(commands.run(settings, folder, as_json=json))


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An evaluation set, or a folder with several of them.")],
    compare: Annotated[bool, typer.Option("--compare", help="Also measure each part of the search alone.")] = False,
    queries: Annotated[
        int | None, typer.Option(min=1, help="Ask at most this many questions of each kind.", show_default=False)
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Characters of text in which spans are looked for.")] = 4_000,
    answer: Annotated[bool, typer.Option("--answer", help="Also answer the questions, and judge the answers.")] = False,
    style: Annotated[
        Literal["auto", "written", "quoted"], typer.Option(help="Whether answers are written, or quoted word for word.")
    ] = "auto",
    keep: Annotated[
        Path | None, typer.Option(help="Folder where what was read stays for the next run.", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure how good the search is, and with `--answer` the answers, in a library of its own."""
    settings = settings_for(home)
    from api.commands import evaluate as commands

    options = commands.EvalOptions(
        compare=compare, max_queries=queries, budget_chars=budget, keep=keep, answer=answer, style=style
    )
    raise typer.Exit(commands.run(settings, folder, options, as_json=json))
