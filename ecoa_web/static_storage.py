"""Static files under names that hold their content's hash, ES-module imports included, compressed, cached for ever."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise's types are not looked at
    """Until files have been collected (in tests, in debug mode) plain names."""

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        stored: str = super().stored_name(name) if self.hashed_files else name
        return stored


def collect_static(root: Path) -> None:
    """Collect into `root` when anything has changed since the last time; one process at a time."""
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        stamp, now = root / ".collected", _fingerprint()
        if stamp.exists() and stamp.read_text(encoding="ascii") == now:
            return
        for old in root.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
            elif old.name != LOCK:
                old.unlink()
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(now, encoding="ascii")


LOCK = ".lock"


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    file = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _fingerprint() -> str:
    """Of every source file's name, size and time, and of the code that renames them."""
    digest = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
