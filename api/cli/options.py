"""Options that several commands share, and how they become settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.library.names import normalize_name

if TYPE_CHECKING:
    from api.settings import AllSettings

Home = Annotated[Path | None, typer.Option(help="Folder that holds everything Pincite stores.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Addresses = Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port of the API.  [default: 1234]", show_default=False)]
UiPort = Annotated[int | None, typer.Option(help="Port of the chat page.  [default: 8501]", show_default=False)]
InCollection = Annotated[
    str,
    typer.Option("--collection", "-c", parser=normalize_name, metavar="NAME", help="Collection to use."),
]
InCollections = Annotated[
    list[str],
    typer.Option(
        "--collection",
        "-c",
        parser=normalize_name,
        metavar="NAME",
        help="Collection to ask; repeat the option to ask several as one.",
    ),
]
AnyCollection = Annotated[
    str | None,
    typer.Option(
        "--collection", "-c", parser=normalize_name, metavar="NAME", help="Only this collection.", show_default=False
    ),
]
Model = Annotated[
    str | None, typer.Option(help="Model that answers; `pincite models ls` lists the models.", show_default=False)
]
Password = Annotated[
    str | None,
    typer.Option(envvar="PINCITE_PASSWORD", help="Password of encrypted files.", show_default=False),
]
Ids = Annotated[list[str], typer.Argument(help="Ids of files; `pincite jobs ls` shows them.")]
MaybeIds = Annotated[list[str] | None, typer.Argument(help="Ids of files.", show_default=False)]
Mode = Annotated[
    Literal["auto", "whole", "retrieval", "overview"] | None,
    typer.Option(
        help="Give the model whole documents, the best passages, or everything part by part (overview).",
        show_default=False,
    ),
]
Style = Annotated[
    Literal["auto", "written", "quoted"] | None,
    typer.Option(help="Answer in the model's words, or with quoted sentences only.", show_default=False),
]


Local = Annotated[
    bool,
    typer.Option("--local", help="Answer in this process, with models of its own, even if a server runs for the home."),
]


def settings_for(home: Path | None, **flags: object) -> "AllSettings":
    """Return a command's settings, flags first, and configure logging by them; raises `SettingsError`."""
    from api.commands.output import configure_logging
    from api.settings import load_settings

    settings = load_settings(home=home, **flags)
    configure_logging("debug" if settings.api.log_level == "debug" else "warning")
    return settings
