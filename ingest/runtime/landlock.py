"""Landlock: a process that gives up the files that it does not need, without privileges (Linux 5.13 and later).

The interface is that of `landlock(7)` and `linux/landlock.h`; the C library has no functions for it.
"""

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The numbers of the system calls, the same on every architecture."""
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REGULAR, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_RIGHTS_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every right on files that a version of the interface knows: what no rule allows is refused."""
_NETWORK_VERSION, _NETWORK_RIGHTS = 4, 0b11
"""To bind and to connect TCP sockets."""
_SCOPES_VERSION, _SCOPES = 6, 0b11
"""Abstract Unix sockets and signals reach no process outside."""

_READ = _READ_FILE | _READ_DIR
_SCRATCH = _READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_REGULAR | _TRUNCATE
_DEVICE = _READ_FILE | _WRITE_FILE


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def find_version() -> int:
    """Return the version of the kernel's interface, from 1; 0 if it has none, or Landlock is off."""
    with suppress(OSError):
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return 0


def restrict_files(*, readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> bool:
    """Refuse this thread, and those that it starts, every file but these; return whether the kernel does so.

    Below a `readable` path files are read, in a `writable` folder they are made and removed too, `devices` are read and
    written; a path that does not exist is left out. No program is executed, and where the kernel knows of it no TCP
    socket connects. It cannot be undone. The thread must have no-new-privileges.
    """
    version = find_version()
    if version == 0:
        return False
    rights = _RIGHTS_OF_VERSION[max(known for known in _RIGHTS_OF_VERSION if known <= version)]
    network = _NETWORK_RIGHTS if version >= _NETWORK_VERSION else 0
    scopes = _SCOPES if version >= _SCOPES_VERSION else 0
    size = 24 if scopes else 16 if network else 8  # an older kernel refuses fields that it does not know
    attributes = _Ruleset(rights, network, scopes)
    try:
        ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
        try:
            for paths, allowed in ((readable, _READ), (writable, _SCRATCH), (devices, _DEVICE)):
                for path in paths:
                    _allow(ruleset, path, allowed & rights)
            _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
        finally:
            os.close(ruleset)
    except OSError:
        return False
    return True


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # it does not exist
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = _PathRule(rights, descriptor)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    """Make a system call; raises `OSError`."""
    result = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)
