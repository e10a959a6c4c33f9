"""Become another user, then the given program. Run by root, as a file, standard library only.

    python as_account.py UID GID open|closed PROGRAM ARGS…

`closed` keeps CAP_DAC_OVERRIDE (or CAP_DAC_READ_SEARCH where a container has dropped the former)
in the ambient set, so that the program can enter folders that are closed to that user. Linux only.
A program of its own, because code between fork and exec of a threaded parent may deadlock.
"""

from __future__ import annotations

import ctypes
import os
import sys

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PR_CAPBSET_READ, PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 23, 27, 28, 47
PR_CAP_AMBIENT_RAISE = 2
# access(2) ignores capabilities of a non-root user unless this is set, and PostgreSQL asks it
# whether it may run itself. It also keeps the capabilities over setuid(2).
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    """Switch user and exec. Raises OSError when the kernel refuses."""
    uid, gid, passage, *command = arguments
    if passage == "closed":
        _become_with_capability(int(uid), int(gid))
    else:
        _become(int(uid), int(gid))
    os.execv(command[0], command)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _become_with_capability(uid: int, gid: int) -> None:
    if not sys.platform.startswith("linux"):
        raise OSError("only Linux lets another user into a closed folder")
    libc = ctypes.CDLL(None, use_errno=True)
    capability = next(
        cap
        for cap in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)
        if libc.prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 or cap == CAP_DAC_READ_SEARCH
    )
    bits = libc.prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)
    _check(libc.prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    _become(uid, gid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    only = 1 << capability
    sets = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)  # effective, permitted, inheritable
    _check(libc.capset(header, sets))
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _check(answer: int) -> None:
    if answer != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(
            f"FATAL: root cannot run PostgreSQL as another user here ({error}): run as an ordinary "
            "user, move the checkout to a folder others may enter, or set DATABASE_URL"
        )
