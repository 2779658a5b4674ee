"""Make a library of many small documents, or time the list routes over one, with the build on `PYTHONPATH`.

`tests.benchmarks.listing` runs this file as a script under this build and under an older one, so it uses only names
that both have.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from api.app import create_app
from api.services import Services
from api.settings import load_settings
from tests.benchmarks import scale_library
from tests.benchmarks.scale_data import DIMENSION
from tests.fakes import passport

BATCH = 500
REPEATS = 60
SLOW_SECONDS = 0.5
"""A call that takes longer is repeated less."""
SLOW_REPEATS = 2
PAGE_LIMIT = 1_000
"""Members a page that the older chat page asks for, until it has all documents."""
MEASURED_PAGES = 2


def make(home: Path, documents: int) -> None:
    """Store documents of one chunk in the collection `scale`, a batch a transaction, and some conversations."""
    library = scale_library.Library(home)  # type: ignore[attr-defined]  # its own module differs by build
    collection = library.create_collection(scale_library.NAME, passport(DIMENSION))
    random = np.random.default_rng(0)
    for start in range(0, documents, BATCH):
        numbers = range(start, min(start + BATCH, documents))
        vectors = random.standard_normal((len(numbers), 1, DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        shelf = [
            (str(number), [f"Document {number} about pumps and valves."], vector)
            for number, vector in zip(numbers, vectors, strict=True)
        ]
        scale_library.store(library, collection.id, shelf)
    for number in range(20):
        library.create_conversation(f"Conversation {number}", None)
    library.close()


def measure(home: Path) -> dict[str, float]:
    """Return the seconds of each call."""
    settings = load_settings(home=home)
    services = Services(settings)
    services.get_ready = lambda: None  # type: ignore[method-assign]  # loads models, which lists do not need
    with TestClient(create_app(services, settings.api), base_url="http://127.0.0.1") as client:

        def get(path: str, **params: Any) -> Any:
            response = client.get(path, params=params)
            assert response.status_code == 200, response.text
            return response.json() if path != "/metrics" else response.text

        files = f"/v1/vector_stores/{scale_library.NAME}/files"
        cursor = get(files, limit=900)["last_id"]
        chat = get("/v1/conversations")["data"][0]["id"]
        times = {
            "GET /v1/vector_stores": _time(lambda: get("/v1/vector_stores")),
            "GET /v1/vector_stores/{store}": _time(lambda: get(f"/v1/vector_stores/{scale_library.NAME}")),
            "GET /v1/vector_stores/{store}/files": _time(lambda: get(files)),
            "GET /v1/vector_stores/{store}/files?after=…": _time(lambda: get(files, after=cursor)),
            "GET /v1/files": _time(lambda: get("/v1/files")),
            "GET /v1/files?after=…": _time(lambda: get("/v1/files", after=cursor)),
            "GET /v1/models": _time(lambda: get("/v1/models")),
            "GET /v1/conversations": _time(lambda: get("/v1/conversations")),
            "GET /v1/conversations/{conversation}/items": _time(lambda: get(f"/v1/conversations/{chat}/items")),
            "GET /v1/queue": _time(lambda: get("/v1/queue")),
            "GET /metrics": _time(lambda: get("/metrics")),
        }
        times["one rerun of the chat page"] = _time_rerun(get, files)
    return times


def _time_rerun(get: Callable[..., Any], files: str) -> float:
    """Return the seconds of the requests of one rerun: of the page that shows 20 documents, or of the older one.

    The older page asks for all documents. If that takes many requests, the first ones stand for all.
    """
    is_paged = Path("ui/page_state.py").exists()  # the working folder is the checkout of the build
    common = _time(lambda: get("/v1/vector_stores", limit=PAGE_LIMIT)) + _time(lambda: get("/v1/models"))
    if is_paged:
        shown = _time(lambda: get("/v1/conversations", limit=7)) + _time(lambda: get(files, limit=20))
        return common + shown
    chats = _time(lambda: get("/v1/conversations", limit=PAGE_LIMIT))
    total = get(f"/v1/vector_stores/{scale_library.NAME}")["file_counts"]["total"]
    pages = -(-total // PAGE_LIMIT)
    after: dict[str, str] = {}
    started = time.perf_counter()
    for _ in range(min(pages, MEASURED_PAGES)):
        after = {"after": get(files, limit=PAGE_LIMIT, **after)["last_id"]}
    seconds: float = (time.perf_counter() - started) * pages / min(pages, MEASURED_PAGES)
    return common + chats + seconds


def _time(call: Callable[[], object]) -> float:
    """Return the seconds of the fastest of several calls: other programs only ever add time."""
    started = time.perf_counter()
    call()
    first = time.perf_counter() - started
    seconds = [first]
    for _ in range(SLOW_REPEATS if first > SLOW_SECONDS else REPEATS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def main(arguments: list[str]) -> None:
    """Run `make HOME DOCUMENTS` or `measure HOME`."""
    home = Path(arguments[1])
    if arguments[0] == "make":
        make(home, int(arguments[2]))
    else:
        sys.stdout.write(json.dumps(measure(home)))


if __name__ == "__main__":
    main(sys.argv[1:])
