"""What benchmarks measure with."""

import time
from collections.abc import Callable


def seconds(run: Callable[[], object]) -> float:
    """Return how long a function takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
