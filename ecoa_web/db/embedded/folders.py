"""
Where the server keeps what.

    <data>/                  0700; as root 0710 with the group of the server's user, so that it may pass through
    <data>/postgres/         the cluster, 0700
    <data>/run/              the socket, 0700 (elsewhere when its path would be too long for a socket)
    <data>/programs-*/       a copy of the binaries, only where the wheel is out of reach

Started as root on a data folder the server's user cannot reach (below /root, say), the first and the last live in
/var/lib/ecoa-embedded and <data>/postgres is a link to there.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ecoa_web.db.dsn import socket_dir
from ecoa_web.db.embedded.account import Account, account_for
from ecoa_web.errors import OperatorError

ELSEWHERE = Path("/var/lib/ecoa-embedded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The folders of one server, made and owned as they must be."""

    home: Path
    cluster: Path
    run: Path
    account: Account


def prepare_folders(data_dir: Path) -> Folders:
    """Make the folders and settle who owns them."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _prepare(data_dir.resolve())
    except OSError as cause:
        raise OperatorError(f"The data folder {data_dir} cannot be used: {cause.strerror}.") from cause


def _prepare(data_dir: Path) -> Folders:
    link = data_dir / "postgres"
    account = account_for(link)
    if not account.reaches(data_dir) and data_dir.stat().st_uid == os.geteuid():
        os.chown(data_dir, -1, account.gid)
        data_dir.chmod(0o710)
    home = link.resolve().parent if link.is_symlink() else data_dir
    if not account.reaches(home):
        home = _elsewhere(account)
        link.symlink_to(home / "postgres")
    run = socket_dir(data_dir)
    if run.parent == data_dir:
        if home != data_dir and not run.is_symlink():
            run.symlink_to(home / "run")
        run = run.resolve()
    _private(run, account)
    return Folders(home=home, cluster=home / "postgres", run=run, account=account)


def _elsewhere(account: Account) -> Path:
    ELSEWHERE.mkdir(mode=0o755, exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=ELSEWHERE))
    account.own(home, 0o700)
    return home


def _private(folder: Path, account: Account) -> None:
    """Make a folder that only the account may enter; refuse one that somebody else made first."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid not in (account.uid, os.geteuid()):
        raise OperatorError(f"The folder {folder} belongs to another user; remove it or set DATABASE_URL.")
    account.own(folder, 0o700)
