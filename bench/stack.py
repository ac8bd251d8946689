"""A whole `manage.py up` of our own: its addresses, its processes by part, its database."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
import psycopg

from tests.platform.running import PATIENCE_S, Up, environment_for, running_up, temporary_folder

EMAIL = "ops@example.org"
PASSWORD = "correct-horse-battery-staple"
KEY = "a-key-of-the-operators-own-choice-000001"
PARTS = ("receiver", "web", "worker", "postgres", "up")


@dataclass(kw_only=True)
class Stack:
    """Where a running ECOA answers, and what it is made of. `data` and `root` are None where we may not look."""

    web: str
    otlp: str
    grpc: str
    key: str
    data: Path | None = None
    root: psutil.Process | None = None
    up: Up | None = None

    def get(self, path: str, **query: object) -> Any:
        """An answer of the API."""
        request = Request(f"{self.web}{path}?{urlencode(query)}", headers={"Authorization": f"Bearer {self.key}"})
        with urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)

    def ledger(self) -> dict[str, Any]:
        """What became of all that arrived in the last day."""
        found: dict[str, Any] = self.get("/api/v1/ingest", start="-24h")
        return found

    def database(self) -> psycopg.Connection[Any]:
        """A session of the embedded server's superuser."""
        assert self.data
        where = f"host={self.data / 'run'} user=postgres dbname=ecoa"
        return psycopg.connect(where, autocommit=True, connect_timeout=5)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """The living processes, by part."""
        with suppress(psutil.NoSuchProcess):
            return parts_of(self.root) if self.root else {}
        return {}

    def wait_ready(self) -> None:
        """Until the web process says that it can serve."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            assert time.monotonic() < deadline, self.up and self.up.output
            time.sleep(0.05)

    def wait_stored(self, spans: int, *, patience_s: float = PATIENCE_S) -> int:
        """Until so many spans are stored, or nothing has come for long; how many there are."""
        stored = before = -1
        deadline = time.monotonic() + patience_s
        while stored < spans and time.monotonic() < deadline:
            stored = self.ledger()["stored_spans"]
            if stored != before:
                before, deadline = stored, time.monotonic() + patience_s
            elif stored < spans:
                time.sleep(0.1)
        return stored

    def _is_ready(self) -> bool:
        with suppress(URLError, OSError), urlopen(f"{self.web}/readyz", timeout=5) as response:
            return bool(response.status == 200)
        return False


def parts_of(root: psutil.Process) -> dict[str, list[psutil.Process]]:
    """A supervisor and its descendants, by what they do."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in PARTS}
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.Error):
            words = process.cmdline()
            own = next((name for name in PARTS if name in words), None)
            found[own or "postgres"].append(process)
    return found


@contextmanager
def running_stack(environment: Mapping[str, str]) -> Iterator[Stack]:
    """An `up` in an environment of `stack_environment`, from its first ready answer to its last process."""
    with running_up(dict(environment)) as up:
        stack = stack_in(environment, up)
        stack.wait_ready()
        below = up.children()
        yield stack
    assert not psutil.wait_procs(below, timeout=PATIENCE_S)[1], "processes of the stack are left"


def stack_in(environment: Mapping[str, str], up: Up) -> Stack:
    """The addresses of an `up` in an environment of `stack_environment`."""
    return Stack(
        web=f"http://127.0.0.1:{environment['ECOA_PORT']}",
        otlp=f"http://127.0.0.1:{environment['ECOA_OTLP_HTTP_PORT']}",
        grpc=f"127.0.0.1:{environment['ECOA_OTLP_GRPC_PORT']}",
        key=KEY,
        data=Path(environment["ECOA_DATA_DIR"]),
        root=psutil.Process(up.process.pid),
        up=up,
    )


def stack_environment(data: Path, **more: str) -> dict[str, str]:
    """Free ports, a data folder, an administrator and a key."""
    account = {"ECOA_ADMIN_EMAIL": EMAIL, "ECOA_ADMIN_PASSWORD": PASSWORD, "ECOA_API_KEY": KEY}
    return environment_for(data, **account, **more)


@contextmanager
def fresh_stack() -> Iterator[Stack]:
    """A stack on an empty data folder, which is removed after it."""
    with temporary_folder() as folder, running_stack(stack_environment(folder / "data")) as stack:
        yield stack


def revision() -> str:
    """The commit that is measured."""
    ran = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"
