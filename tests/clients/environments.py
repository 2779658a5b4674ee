"""Which clients are tried, in which versions, and how their environments are made.

Clients pin their dependencies against each other and against ours, so that each group has a virtual environment or a
folder of npm packages of its own under `build/clients/`. They are made once, and anew when the packages change.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "clients"
PROGRAMS_FOLDER = Path(__file__).parent / "programs"
INSTALL_TIMEOUT_SECONDS = 900

Language = Literal["python", "javascript"]


class InstallError(RuntimeError):
    """The packages of an environment could not be installed; the message is the installer's last lines."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Packages that are installed together; `overrides` replace what npm packages depend on."""

    name: str
    language: Language
    packages: tuple[str, ...]
    overrides: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Program:
    """A program of `programs/` that makes the calls of a client's manual; `title` names the client and its version.

    `stays_out` gives the reason of each call that is known not to work.
    """

    file: str
    title: str
    environment: Environment
    stays_out: dict[str, str] = field(default_factory=dict[str, str])
    variant: str = ""
    """Tells one run of a program from another one with other versions."""

    @property
    def name(self) -> str:
        """What tests and records call it."""
        return self.file.rsplit(".", 1)[0] + self.variant


def prepare(environment: Environment) -> list[str]:
    """Install the packages if that has not been done, and return the command that runs a program.

    Raises `InstallError`.
    """
    folder = BUILD / environment.name
    stamp = folder / "installed"
    wanted = hashlib.sha256(repr(environment).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for command in _install_commands(environment, folder):
            _install(command, folder)
        stamp.write_text(wanted)
    return [str(folder / "bin" / "python")] if environment.language == "python" else ["node"]


def _install_commands(environment: Environment, folder: Path) -> list[list[str]]:
    if environment.language == "python":
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        return [[sys.executable, "-m", "venv", str(folder)], [*pip, *environment.packages]]
    package = {"private": True, "type": "module", "overrides": environment.overrides}
    (folder / "package.json").write_text(json.dumps(package))
    return [["npm", "install", "--no-audit", "--no-fund", "--silent", *environment.packages]]


def _install(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(str(error)) from error
    if done.returncode:
        raise InstallError((done.stderr or done.stdout)[-2000:])
