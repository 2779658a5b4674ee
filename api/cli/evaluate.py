"""`pincite eval`: measure the quality of search and answers."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An evaluation set, or a folder with several of them.")],
    compare: Annotated[
        bool, typer.Option("--compare", help="Also measure each part of hybrid retrieval alone.")
    ] = False,
    queries: Annotated[
        int | None, typer.Option(min=1, help="Ask at most this many questions of each kind.", show_default=False)
    ] = None,
    budget: Annotated[
        int, typer.Option(min=1, help="Characters of retrieved text in which answer spans are looked for.")
    ] = 4_000,
    answer: Annotated[bool, typer.Option("--answer", help="Also answer the questions and judge the answers.")] = False,
    style: Annotated[
        Literal["auto", "written", "quoted"], typer.Option(help="Whether answers are written, or quoted word for word.")
    ] = "auto",
    groundedness: Annotated[
        bool, typer.Option("--groundedness", help="Measure verdicts against people's on the judged sentences in DIR.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Folder that keeps the ingested corpus for the next run.", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure the quality of search, of answers with `--answer`, or of verdicts with `--groundedness`."""
    settings = settings_for(home)
    from api.commands import evaluate as commands
    from api.commands import evaluate_groundedness

    if groundedness:
        raise typer.Exit(evaluate_groundedness.run(settings, folder, max_claims=queries, as_json=json))
    options = commands.EvalOptions(
        compare=compare, max_queries=queries, budget_chars=budget, keep=keep, answer=answer, style=style
    )
    raise typer.Exit(commands.run(settings, folder, options, as_json=json))
