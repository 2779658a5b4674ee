"""Confine a process that reads files of strangers: no network, no programs, no files but those that it needs.

A flaw in a native parser may run the code of whoever wrote the file. That code then has no socket to send anything
through, no other file to read, no program to start and no process to reach. Everything is best effort: a kernel without
Landlock or seccomp refuses, the process works without, and `Confined` says what holds.
"""

import ctypes
import os
import resource
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from ingest.runtime import landlock, seccomp

_SET_NO_NEW_PRIVILEGES = 38
_DISCARD_PORT = 9

_SYSTEM_FILES = (
    *("/usr", "/lib", "/lib32", "/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/fonts", "/etc/localtime", "/etc/timezone"),
    *("/etc/mime.types", "/etc/ssl/openssl.cnf", "/etc/locale.alias"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory"),
    *("/sys/devices/system", "/sys/fs/cgroup"),
)
"""What the loader, the C library, and libraries that count processors read."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class Confinement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a confined process may use besides the program itself: files and folders to read, a folder to write.

    `scratch` is for temporary files; None if it needs none.
    """

    readable: tuple[str, ...] = ()
    scratch: str | None = None


class Confined(msgspec.Struct, frozen=True):
    """What a process was refused when it tried: to connect, to open a file outside, to start a program.

    `no_new_privileges`: no program could give it privileges that it does not have.
    """

    no_new_privileges: bool
    network: bool
    files: bool
    programs: bool


def confine(confinement: Confinement) -> None:
    """Confine this process; call it before its second thread starts. It cannot be undone."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would have the document's text
    tempfile.tempdir = confinement.scratch or tempfile.tempdir
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))) != 0:
        return
    landlock.restrict_files(
        readable=(*_SYSTEM_FILES, *find_program_folders(), *confinement.readable),
        writable=[confinement.scratch] if confinement.scratch else [],
        devices=_DEVICES,
    )
    seccomp.refuse_system_calls()


def find_program_folders() -> list[str]:
    """Return the folders of Python, of its packages and of Pincite's code; never the root of a disk or of a person."""
    folders = {sys.prefix, sys.base_prefix, *site.getsitepackages(), *sysconfig.get_paths().values()}
    if site.ENABLE_USER_SITE:
        folders.add(site.getusersitepackages())
    folders.add(str(Path(__file__).resolve().parents[1]))
    private = {"/", str(Path.home())}
    return sorted(folder for folder in folders if os.path.isabs(folder) and folder not in private)


def try_what_is_refused(outside: Path) -> Confined:
    """Try what a confined process is refused, and return what is; `outside` is a file that it may not read."""
    return Confined(
        no_new_privileges=_has_no_new_privileges(),
        network=_is_refused(_connect),
        files=_is_refused(lambda: outside.open("rb").close()),
        programs=_is_refused(_start_program),
    )


def _has_no_new_privileges() -> bool:
    status = Path("/proc/self/status")
    return status.exists() and "NoNewPrivs:\t1" in status.read_text(encoding="ascii", errors="replace")


def _is_refused(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:  # it was tried, and failed for another reason
        return False
    return False


def _connect() -> None:
    with socket.socket() as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", _DISCARD_PORT))


def _start_program() -> None:
    subprocess.run([sys.executable, "-c", ""], check=False)
