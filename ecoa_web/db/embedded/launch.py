"""
Become another program that ends with its parent: python launch.py UID GID PROGRAM ARGUMENTS...

A script of its own, because PR_SET_PDEATHSIG must be set after the change of user and before the exec, and code of
ours between fork and exec is not safe in a process with threads. UID -1: stay who we are.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    uid, gid, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)  # PostgreSQL's fast stop
    os.umask(0o077)
    os.execv(program, sys.argv[3:])  # noqa: S606  no shell is the point


if __name__ == "__main__":
    main()
