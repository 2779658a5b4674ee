"""Sweep the steps in several processes, each of which takes its share of the points."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.sweep import Swept

SHARDS = 2
ROOT = Path(__file__).resolve().parents[2]


def sweep(plan: str, most: int, seconds: float) -> list[Swept]:
    """Sweep all steps at so many points each; raises `subprocess.TimeoutExpired` where that takes longer."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sweep", plan, str(shard), str(SHARDS), str(most)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for shard in range(SHARDS)
    ]
    try:
        outputs = [process.communicate(timeout=seconds)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * SHARDS
    return _joined([Swept(**json.loads(line)) for output in outputs for line in output.splitlines()])


def _joined(parts: list[Swept]) -> list[Swept]:
    swept: dict[tuple[str, str], Swept] = {}
    for part in parts:
        whole = swept.setdefault((part.step, part.fault), Swept(part.step, part.fault, points=part.points))
        whole.tried += part.tried
        whole.fired += part.fired
        whole.problems += part.problems
    return list(swept.values())
