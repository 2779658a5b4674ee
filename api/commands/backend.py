"""Choose the backend of a command: the server that runs for the home, else this process."""

import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager

from api.backends.find_server import find_server
from api.backends.http_backend import HttpBackend
from api.backends.types import Backend
from api.commands.output import messages, strip_control_chars
from api.server_record import ServerRecord, describe_settings
from api.settings import AllSettings

UNSET = "None"


@contextmanager
def open_backend(settings: AllSettings, *, is_local: bool) -> Generator[Backend]:
    """Open the backend for the time of a command; `is_local` does without the server.

    Raises `OSError` if the home cannot be read, and what `Services` raises.
    """
    record = None if is_local else find_server(settings.home, _notify)
    if record is not None:
        with closing(_connect(record, settings)) as backend:
            yield backend
        return
    from api.backends.local_backend import LocalBackend  # with everything that answers: too much for a mere client
    from api.commands.resources import open_services

    with open_services(settings) as services:
        yield LocalBackend(services)


def _connect(record: ServerRecord, settings: AllSettings) -> HttpBackend:
    """Return the backend of a server, and say on a terminal which one that is."""
    if sys.stderr.isatty():
        messages().print(f"answered by the server at {record.url}", style="dim")
    differences = find_differences(record.settings, settings)
    named_model = settings.rag.model if differences.pop("model", None) is not None else None
    if differences:
        _notify(
            f"the server at {record.url} has other settings than this command: "
            + ", ".join(f"{name} is {theirs}, not {ours}" for name, (theirs, ours) in sorted(differences.items()))
            + "; the server's count, unless --local has this process answer"
        )
    key = settings.api.api_key
    return HttpBackend(
        record.url, api_key=None if key is None else key.get_secret_value(), named_model=named_model, notify=_notify
    )


def find_differences(theirs: Mapping[str, str], settings: AllSettings) -> dict[str, tuple[str, str]]:
    """Return the server's and the command's value of each setting that was set for the command and differs, by name.

    A setting that is unset here is no choice that the server could miss.
    """
    chosen = settings.rag.model_fields_set | settings.ingest.model_fields_set
    return {
        name: (theirs.get(name, UNSET), ours)
        for name, ours in describe_settings(settings).items()
        if name in chosen and theirs.get(name, UNSET) != ours
    }


def _notify(message: str) -> None:
    messages().print(strip_control_chars(message))
