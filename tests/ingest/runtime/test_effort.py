"""A piece of work that takes too much processor time ends; what is not counted does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from ingest.errors import WorkerCrashedError
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.confinement import Confinement
from ingest.runtime.effort import OUT_OF_TIME
from ingest.runtime.supervisor import Worker
from tests.ingest.runtime.test_confinement import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """A confined worker, as parsers are."""
    confinement = Confinement((str(ROOT / "tests"), str(ROOT / "rag")))
    made = Worker(WorkerSpec("effort", "tests.worker_targets:obedient", confinement=confinement))
    yield made
    made.close()


def spend(worker: Worker, **params: Any) -> str:
    return worker.call("spend", params, str, timeout_seconds=120)


def test_work_within_its_limit_is_done_and_the_limit_is_gone_afterwards(worker: Worker) -> None:
    assert spend(worker, cpu_seconds=60.0, spend=0.1) == "done"
    assert worker.call("spin", {"cpu_seconds": 0.1}, str, timeout_seconds=120) == "done"


def test_too_much_processor_time_ends_the_process_with_an_exit_of_its_own(worker: Worker) -> None:
    with pytest.raises(WorkerCrashedError) as caught:
        spend(worker, cpu_seconds=0.2, spend=600.0)
    assert caught.value.how == OUT_OF_TIME


def test_what_is_not_counted_may_take_longer(worker: Worker) -> None:
    assert spend(worker, cpu_seconds=0.2, spend=0.5, uncounted=True) == "done"
