"""What can go wrong between a command and the server that it asks. Messages say what happened and what to do."""


class BackendError(Exception):
    """Base of these errors."""

    exit_code = 1


class ServerRefusedError(BackendError):
    """The server refused or failed; the message is its own. `code` is the one of its error response."""

    def __init__(self, *, message: str, code: str, retry_after_seconds: float | None = None) -> None:
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class ServerKeyError(BackendError):
    """The server requires a key that the command does not have."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(
            f"the server at {url} runs for this home and requires its key: set PINCITE_API_KEY as the server has it, "
            "or put api_key into pincite.toml in the home; --local does without the server"
        )


class ServerLostError(BackendError):
    """The server stopped answering."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(f"the connection to the server at {url} was lost; run the command again")


class ServerConfusedError(BackendError):
    """The server answered with something that this version of Pincite does not understand."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(
            f"the server at {url} answers in a way that this version does not understand; restart the server, so that "
            "both are of one version"
        )
