"""The system user PostgreSQL runs as: ours, unless we are root, whom PostgreSQL refuses."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PREFERRED = "ecoa"
FALLBACKS = ("postgres", "nobody")


class PopenUser(TypedDict, total=False):
    """subprocess's arguments that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A system user; `switch` when we must become it first."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen(self) -> PopenUser:
        """What subprocess needs to run as this user."""
        return PopenUser(user=self.uid, group=self.gid, extra_groups=[]) if self.switch else PopenUser()

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to this user alone."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def reaches(self, folder: Path) -> bool:
        """Whether this user may enter a folder, all of its parents included."""
        test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
        return not self.switch or subprocess.run(test, check=False, cwd="/", **self.popen()).returncode == 0


def account_for(cluster: Path) -> Account:
    """Who runs the server: we ourselves; as root the owner of the cluster, else `ecoa`, `postgres`, `nobody`."""
    if os.geteuid() != 0:
        return _numbered(os.geteuid(), switch=False)
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        return _numbered(owner, switch=True)
    return _account(_system_user(), switch=True)


def _numbered(uid: int, *, switch: bool) -> Account:
    try:
        return _account(pwd.getpwuid(uid), switch=switch)
    except KeyError:  # a folder from another machine, or a container's made-up user: a bare number must do
        return Account(name=str(uid), uid=uid, gid=uid, switch=switch)


def _account(entry: pwd.struct_passwd, *, switch: bool) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=switch)


def _system_user() -> pwd.struct_passwd:
    if (existing := _lookup(PREFERRED)) or (existing := _create()):
        return existing
    return next(entry for name in FALLBACKS if (entry := _lookup(name)))


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd | None:
    """Make the system user where the machine has useradd; none where it refuses (a read-only /etc)."""
    if not (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", PREFERRED]
    subprocess.run(command, capture_output=True, check=False)
    return _lookup(PREFERRED)
