"""Errors between the page and the API. Messages say what happened and what to do."""


class UiError(Exception):
    """Base of all errors of this package; users may see its message."""


class ApiUnreachableError(UiError):
    """No server answers at the API's address."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(f"The Pincite server at {url} does not answer. Start it with `pincite serve`, then try again.")


class ConnectionLostError(UiError):
    """The API stopped answering in the middle of a response."""

    def __init__(self) -> None:
        super().__init__("The connection to the Pincite server was lost. Check that it is running, then ask again.")


class ApiRefusedError(UiError):
    """The API refused the request; the message is the API's own."""

    def __init__(self, *, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message[:1].upper() + message[1:])


class KeyRefusedError(ApiRefusedError):
    """The API requires a key that the page does not have."""

    def __init__(self) -> None:
        super().__init__(
            status=401,
            code="invalid_api_key",
            message="the Pincite server requires a key, or yours was revoked. Sign in with a key that opens it.",
        )


class UnexpectedAnswerError(UiError):
    """Another server than Pincite answers at the API's address."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(f"The server at {url} is not a Pincite server. Check PINCITE_API_URL.")
