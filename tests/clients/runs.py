"""Run a client's program against a server, and read what it says of its calls."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.environments import BUILD, PROGRAMS_FOLDER, Program, prepare

PROGRAM_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class CallResult:
    """Whether a call of a client gave what its manual promises; `detail` is the error if not."""

    call: str
    passed: bool
    detail: str


def run_program(program: Program, url: str) -> Sequence[CallResult]:
    """Run a program against the server at `url`; raises `InstallError`, and `RuntimeError` if it ends early."""
    command = prepare(program.environment)
    script = PROGRAMS_FOLDER / program.file
    if program.environment.language == "javascript":
        script = _copy_beside_packages(script, BUILD / program.environment.name)
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONPATH": ""}
    done = subprocess.run(
        [*command, str(script), url],
        capture_output=True,
        text=True,
        timeout=PROGRAM_TIMEOUT_SECONDS,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"{program.file} ended with {done.returncode}: {done.stderr[-4000:]}")
    return [CallResult(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith('{"call"')]


def _copy_beside_packages(script: Path, folder: Path) -> Path:
    """Copy a module and what it shares to the folder of its packages: Node looks for them above the importing file."""
    for source in (script, script.with_name("report.mjs")):
        shutil.copy(source, folder)
    return folder / script.name
