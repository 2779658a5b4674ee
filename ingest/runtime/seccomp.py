"""seccomp: a process that gives up system calls for good (`seccomp(2)`): the network, programs, other processes.

The filter is a list of refused calls, not of allowed ones: it has to outlive the C library, NumPy and ONNX Runtime of
tomorrow, which may use any harmless call. What it refuses fails with `EPERM`.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
"""Where `struct seccomp_data` has the call's number, the architecture, and the arguments of 8 bytes each."""
_SET_MODE_FILTER = 1
_SPECULATION_ALLOWED = 1 << 2
"""Without it, Linux before 5.16 turns CPU mitigations on that cost more than the work itself."""
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000


@dataclass(frozen=True, slots=True)
class _Architecture:
    """The audit number of a machine, and the numbers of its system calls."""

    audit: int
    seccomp: int
    refused: tuple[int, ...]
    clone: int
    signals: tuple[int, ...]
    prlimit: int
    has_x32: bool = False


_CLONE3 = 435
_REFUSED_EVERYWHERE = (
    *(425, 426, 427),  # io_uring, which opens sockets past every filter
    *(424, 434, 438),  # pidfd_send_signal, pidfd_open, pidfd_getfd
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    *(440, 448),  # process_madvise, process_mrelease
)
_ARCHITECTURES = {
    "x86_64": _Architecture(
        audit=0xC000003E,
        seccomp=317,
        refused=(
            *(41, 42, 43, 49, 50, 53, 288),  # socket, connect, accept, bind, listen, socketpair, accept4
            *(57, 58, 59, 322),  # fork, vfork, execve, execveat
            *(101, 310, 311, 312),  # ptrace, process_vm_readv, process_vm_writev, kcmp
            *(129, 200, 297),  # rt_sigqueueinfo, tkill, rt_tgsigqueueinfo
            *(155, 161, 165, 166, 272, 308),  # pivot_root, chroot, mount, umount2, unshare, setns
            *(160, 163, 164, 227, 305),  # setrlimit, acct, settimeofday, clock_settime, clock_adjtime
            *(133, 259, 135, 153, 154, 159, 172, 173),  # mknod(at), personality, vhangup, modify_ldt, adjtimex, iopl …
            *(167, 168, 169, 170, 171, 103),  # swapon, swapoff, reboot, sethostname, setdomainname, syslog
            *(175, 176, 313, 246, 320),  # modules, kexec
            *(179, 180, 212, 443),  # quotactl, nfsservctl, lookup_dcookie, quotactl_fd
            *(248, 249, 250, 298, 321, 323),  # keys, perf_event_open, bpf, userfaultfd
            *(300, 303, 304),  # fanotify_init, name_to_handle_at, open_by_handle_at
        ),
        clone=56,
        signals=(62, 234),  # kill, tgkill
        prlimit=302,
        has_x32=True,
    ),
    "aarch64": _Architecture(
        audit=0xC00000B7,
        seccomp=277,
        refused=(
            *(198, 199, 200, 201, 202, 203, 242),  # socket, socketpair, bind, listen, accept, connect, accept4
            *(221, 281),  # execve, execveat
            *(117, 270, 271, 272),  # ptrace, process_vm_readv, process_vm_writev, kcmp
            *(138, 130, 240),  # rt_sigqueueinfo, tkill, rt_tgsigqueueinfo
            *(41, 51, 40, 39, 97, 268),  # pivot_root, chroot, mount, umount2, unshare, setns
            *(164, 89, 170, 112, 266),  # setrlimit, acct, settimeofday, clock_settime, clock_adjtime
            *(33, 92, 58, 171),  # mknodat, personality, vhangup, adjtimex
            *(224, 225, 142, 161, 162, 116),  # swapon, swapoff, reboot, sethostname, setdomainname, syslog
            *(105, 106, 273, 104, 294),  # modules, kexec
            *(60, 42, 18, 443),  # quotactl, nfsservctl, lookup_dcookie, quotactl_fd
            *(217, 218, 219, 241, 280, 282),  # keys, perf_event_open, bpf, userfaultfd
            *(262, 264, 265),  # fanotify_init, name_to_handle_at, open_by_handle_at
        ),
        clone=220,
        signals=(129, 131),  # kill, tgkill
        prlimit=261,
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_system_calls() -> bool:
    """Refuse this thread, and those that it starts, the calls of a program that needs only its files and memory.

    No socket, no program, no process of its own (threads are allowed), no signal to others, no higher limits. Returns
    whether the kernel does so. It cannot be undone. The thread must have no-new-privileges.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None:
        return False
    instructions = b"".join(_write_filter(architecture))
    program = _Program(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    return any(
        libc.syscall(
            ctypes.c_long(architecture.seccomp),
            ctypes.c_uint(_SET_MODE_FILTER),
            ctypes.c_uint(flags),
            ctypes.byref(program),
        )
        == 0
        for flags in (_SPECULATION_ALLOWED, 0)
    )


def _write_filter(architecture: _Architecture) -> Iterator[bytes]:
    """Yield the instructions, which are run from the top at every call until one of them returns."""
    yield _instruction(_LOAD, _ARCHITECTURE_OFFSET)
    yield _instruction(_EQUAL, architecture.audit, if_true=1)
    yield _refuse()  # calls of another architecture have other numbers
    yield _instruction(_LOAD, _NUMBER_OFFSET)
    if architecture.has_x32:
        yield _instruction(_AT_LEAST, _X32_BIT, if_false=1)
        yield _refuse()
    for number in (*architecture.refused, *_REFUSED_EVERYWHERE):
        yield _instruction(_EQUAL, number, if_false=1)
        yield _refuse()
    # Its flags are in memory, which a filter cannot read; without it the C library uses `clone`.
    yield _instruction(_EQUAL, _CLONE3, if_false=1)
    yield _refuse(errno.ENOSYS)
    yield from _allow_if(architecture.clone, _instruction(_ANY_BIT, _CLONE_THREAD, if_true=1), _argument(0))
    for number in architecture.signals:
        yield from _allow_if(number, _instruction(_EQUAL, os.getpid(), if_true=1), _argument(0))
    yield _instruction(_EQUAL, architecture.prlimit, if_false=6)
    yield _instruction(_LOAD, _argument(2))
    yield _instruction(_EQUAL, 0, if_false=2)
    yield _instruction(_LOAD, _argument(2) + 4)
    yield _instruction(_EQUAL, 0, if_true=1)  # no new limits, so the old ones are asked for
    yield _refuse()
    yield _instruction(_RETURN, _ALLOW)
    yield _instruction(_RETURN, _ALLOW)


def _allow_if(number: int, test: bytes, offset: int) -> Iterator[bytes]:
    """Yield the instructions that refuse a call unless `test` of its argument at `offset` skips the refusal."""
    yield _instruction(_EQUAL, number, if_false=4)
    yield _instruction(_LOAD, offset)
    yield test
    yield _refuse()
    yield _instruction(_RETURN, _ALLOW)


def _argument(index: int) -> int:
    """Return the offset of the lower half of an argument; both architectures are little-endian."""
    return _ARGUMENTS_OFFSET + 8 * index


def _refuse(code: int = errno.EPERM) -> bytes:
    return _instruction(_RETURN, _ERRNO | code)


def _instruction(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return a `struct sock_filter`; the jumps count the instructions that are skipped."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
