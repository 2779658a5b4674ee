"""The id of the request that is being answered, for log lines and error messages about it."""

from contextvars import ContextVar

REQUEST_ID_HEADER = "x-request-id"
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the id of the request that is being answered here; empty outside of one."""
    return _current.get()


def set_request_id(request_id: str) -> None:
    """Give the task that runs an id, and all tasks and threads that it starts with its context."""
    _current.set(request_id)
