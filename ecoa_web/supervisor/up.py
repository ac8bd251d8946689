"""
`manage.py up`, in order:

    checks ▶ lock ▶ PostgreSQL ▶ migrations, first run ▶ receiver, web, workers ▶ banner ▶ (example shop) ▶ watch
    stop: example shop, web, receiver ▶ workers ▶ PostgreSQL
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from ecoa_web.config import Config
from ecoa_web.db.dsn import conninfo
from ecoa_web.db.embedded import Server
from ecoa_web.errors import OperatorError
from ecoa_web.supervisor.banner import FirstRun, environment_lines, show_banner
from ecoa_web.supervisor.lifeline import Lifeline
from ecoa_web.supervisor.lock import data_lock
from ecoa_web.supervisor.part import BackOff, Part, ending
from ecoa_web.supervisor.preflight import check_bind, check_data_dir, check_ports, ports
from ecoa_web.supervisor.terminal import Terminal

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
TICK_S = 0.2
SLOW_START_S = 30.0
STOP_S = 15.0
SHOP_PIPELINES = "ecoa_web.demo.pipelines"


def up(config: Config, *, demo: bool, seed: int | None, terminal: Terminal) -> None:
    """Run until a signal says stop. What cannot be started is an OperatorError, after everything else has stopped."""
    check_bind(config)
    check_data_dir(config.data_dir)
    with data_lock(config.data_dir, address=config.base_url):
        check_ports(config)
        _stop_on_signals()
        supervisor = Supervisor(config, demo=demo, seed=seed, terminal=terminal)
        try:
            supervisor.start()
            supervisor.watch()
        except KeyboardInterrupt:
            terminal.line()
        finally:
            supervisor.stop()


def _stop_on_signals() -> None:
    """SIGINT too: a shell that starts us in the background has it ignored. SIGHUP stays ignored under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


class Supervisor:
    """The running parts of one `up`."""

    def __init__(self, config: Config, *, demo: bool, seed: int | None, terminal: Terminal) -> None:
        self._config = config
        self._demo = demo
        self._seed = seed
        self._terminal = terminal
        self._lifeline = Lifeline()
        self._database = None if config.database_url else Database(config, terminal)
        self._front: list[Part] = []  # what takes requests: stops first
        self._workers: list[Part] = []
        self._started_at = time.monotonic()
        self._answering = False
        self._said_slow = False
        self._first: FirstRun | None = None

    def start(self) -> None:
        """The database, what it needs, and every process."""
        if self._database:
            self._terminal.step("starting PostgreSQL 18")
            self._database.server.start()
        self._first = self._prepare()
        if self._first.migrations:
            self._terminal.step(f"applied {self._first.migrations} migrations")
        shop = self._shop_environment()
        self._front = [self._part("receiver", "receiver"), self._part("web", "web", environment=_pipelines(shop))]
        count = 2 if _cores() > 1 else 1
        self._workers = [self._part(f"worker {n}", "worker", environment=shop) for n in range(1, count + 1)]
        for part in self._parts:
            part.start()

    def watch(self) -> None:
        """Keep every part running, for ever."""
        while True:
            if self._database:
                self._database.tend()
            for part in self._parts:
                part.tend()
            if not self._answering:
                self._announce()
            _reap_strangers({part.process.pid for part in self._parts if part.process})
            time.sleep(TICK_S)

    def stop(self) -> None:
        """Requests first, then workers, then the database; another Ctrl-C does not wait."""
        hurry = Hurry(self._terminal)
        self._terminal.step("stopping")
        _stop_parts(self._front, hurry)
        _stop_parts(self._workers, hurry)
        if self._database:
            self._database.stop(hurry)
        self._lifeline.close()
        self._terminal.step("stopped")

    def _prepare(self) -> FirstRun:
        """Migrations and what a first run needs, in a process of its own, which alone loads Django."""
        demo = ["--demo"] if self._demo else []
        prepare = self._part("prepare", "prepare", "--json", *demo)
        ran = subprocess.run(
            prepare.command,
            env=prepare.environment,
            pass_fds=prepare.inherited,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            lines = ran.stderr.strip().splitlines() or [f"the preparation of the database {ending(ran.returncode)}"]
            raise OperatorError(lines[-1].removeprefix("ecoa: "))
        return FirstRun(**json.loads(ran.stdout))

    @property
    def _parts(self) -> list[Part]:
        return [*self._front, *self._workers]

    def _part(self, name: str, command: str, *arguments: str, environment: dict[str, str] | None = None) -> Part:
        return Part(
            name=name,
            command=[sys.executable, str(MANAGE), command, *arguments],
            environment={
                "ECOA_LOG_LEVEL": "warning",
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                **self._lifeline.environment(),
                **(environment or {}),
            },
            inherited=[self._lifeline.child_end],
            terminal=self._terminal,
        )

    def _announce(self) -> None:
        """Once every port answers: say where everything is, and let the example shop open."""
        assert self._first
        silent = [port for port in ports(self._config).values() if not _answers(self._config.bind, port)]
        if silent:
            if not self._said_slow and time.monotonic() - self._started_at > SLOW_START_S:
                self._said_slow = True
                self._terminal.trouble(f"still waiting for port {', '.join(map(str, silent))}")
            return
        self._answering = True
        where = self._database.describe() if self._database else "DATABASE_URL"
        show_banner(self._terminal, self._config, self._first, database=where, workers=len(self._workers))
        if self._first.demo_key:
            self._front.append(self._shop())
            self._front[-1].start()

    def _shop(self) -> Part:
        """Its customers; the workers run its pipelines."""
        arguments = [] if self._seed is None else ["--seed", str(self._seed)]
        part = self._part("shop", "demo", environment=self._shop_environment())
        part.command = [sys.executable, "-m", "ecoa_web.demo", *arguments]
        return part

    def _shop_environment(self) -> dict[str, str]:
        """What its processes and their workers need: nothing without a shop."""
        assert self._first
        if not self._first.demo_key:
            return {}
        lines = environment_lines(self._config, self._first.demo_key)
        export = (line.removeprefix("export ").partition("=") for line in lines)
        named = filter(None, [os.environ.get("ECOA_PIPELINES"), SHOP_PIPELINES])
        return {
            **{name: value.strip('"') for name, _, value in export},
            "OTEL_SERVICE_NAME": "coffee-shop",
            "ECOA_TRACE": "true",
            "ECOA_DATABASE_URL": conninfo(self._config),
            "ECOA_PIPELINES": ",".join(named),
        }


class Database:
    """The embedded server as a part: started again when it ends."""

    def __init__(self, config: Config, terminal: Terminal) -> None:
        self.server = Server(config.data_dir, say=terminal.step)
        self._terminal = terminal
        self._backoff = BackOff()
        self._started_at = time.monotonic()
        self._due_at: float | None = None

    def tend(self) -> None:
        """Start it again when it has ended and its time has come."""
        now = time.monotonic()
        if self._due_at is None and (code := self.server.poll()) is not None:
            wait_s = self._backoff.next(ran_s=now - self._started_at)
            self._due_at = now + wait_s
            self._terminal.trouble(f"PostgreSQL {ending(code)}; starting it again in {wait_s:g} s")
        elif self._due_at is not None and now >= self._due_at:
            self._start_again()

    def describe(self) -> str:
        """What runs where, as whom."""
        folders = self.server.folders
        return f"PostgreSQL 18 in {folders.cluster}, as user {folders.account.name}"

    def stop(self, hurry: Hurry) -> None:
        if hurry.wanted:
            self.server.kill()
        hurry.kill = self.server.kill
        self.server.stop()

    def _start_again(self) -> None:
        self._started_at, self._due_at = time.monotonic(), None
        try:
            self.server.start()
            self._terminal.step("PostgreSQL runs again")
        except OperatorError as error:
            self._due_at = time.monotonic() + self._backoff.next(ran_s=0)
            self._terminal.trouble(str(error))


class Hurry:
    """A second Ctrl-C while stopping: kill instead of wait."""

    def __init__(self, terminal: Terminal) -> None:
        self.wanted = False
        self.kill: Callable[[], None] = lambda: None
        self._terminal = terminal
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._now)

    def _now(self, _number: int, _frame: FrameType | None) -> None:
        if not self.wanted:
            self._terminal.step("stopping at once")
        self.wanted = True
        self.kill()


def _stop_parts(parts: list[Part], hurry: Hurry) -> None:
    """Ask all of them, wait for the last, kill what does not listen."""
    for part in parts:
        part.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while any(part.running for part in parts):
        if hurry.wanted or time.monotonic() > deadline:
            for part in parts:
                part.signal(signal.SIGKILL)
        time.sleep(0.02)


def _answers(bind: str, port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.strip("[]"), bind.strip("[]"))  # noqa: S104  a comparison
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _pipelines(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name == "ECOA_PIPELINES"}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _reap_strangers(ours: set[int]) -> None:
    """As a container's first process we inherit every orphan; unreaped, a dead server would look alive."""
    if os.getpid() != 1:
        return
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in ours:
                return  # its own part notices
            os.waitpid(ended.si_pid, os.WNOHANG)
