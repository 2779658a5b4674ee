"""What the Python programs share: calls by the names of the client's manual, and one line of JSON for each result."""

import json
import sys
import traceback
from collections.abc import Callable


class Calls:
    """The calls of a program, run in the order in which they were added."""

    def __init__(self) -> None:
        self.url = sys.argv[1]
        """Address of the server, without a path."""
        self._calls: list[tuple[str, Callable[[], object]]] = []

    def add(self, name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
        """Register a function that makes a call and asserts what the client's manual promises."""

        def register(call: Callable[[], object]) -> Callable[[], object]:
            self._calls.append((name, call))
            return call

        return register

    def run(self) -> None:
        """Make the calls, and print a result each; a call that fails does not end the program."""
        for name, call in self._calls:
            detail = ""
            try:
                call()
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                line = next((frame.line for frame in reversed(frames) if frame.filename == sys.argv[0]), "")
                detail = f"{type(error).__name__}: {error} <- {line}"[:600]
            print(json.dumps({"call": name, "passed": not detail, "detail": detail}), flush=True)
