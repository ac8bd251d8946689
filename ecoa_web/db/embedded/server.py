"""One PostgreSQL server for one data folder: start it whatever its last end was, stop it fast, know when it died."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ecoa_web.db.dsn import EMBEDDED_NAME, EMBEDDED_USER
from ecoa_web.db.embedded.binaries import MAJOR, Binaries, usable_binaries
from ecoa_web.db.embedded.folders import Folders, prepare_folders
from ecoa_web.db.embedded.processes import clear_the_way, postmaster
from ecoa_web.db.embedded.tuning import ROLE_SETTINGS, configuration
from ecoa_web.errors import OperatorError

LAUNCH = str(Path(__file__).with_name("launch.py"))
SUPERUSER = "postgres"
SAY_EVERY_S = 5.0

type Say = Callable[[str], None]


class Server:
    """A server of ours. Start it in the main thread: it ends with the thread that started it."""

    def __init__(self, data_dir: Path, *, say: Say = lambda _: None, durable: bool = True) -> None:
        self._data_dir = data_dir
        self._say = say
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._folders: Folders | None = None

    @property
    def folders(self) -> Folders:
        """Where it keeps what; makes the folders when they are not there."""
        if self._folders is None:
            self._folders = prepare_folders(self._data_dir)
        return self._folders

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self.poll() is None else None

    def conninfo(self, *, user: str = EMBEDDED_USER, dbname: str = EMBEDDED_NAME) -> str:
        """How to connect: as the application, or as the superuser."""
        return make_conninfo(host=str(self.folders.run), user=user, dbname=dbname)

    def start(self) -> None:
        """
        Return when the server answers.

        1. make or check the folders and the cluster;
        2. stop a server that an earlier run left, end the sessions of a dead one, clear its pid file;
        3. start, and wait as long as it replays its log;
        4. make the application's role and database.
        """
        binaries = usable_binaries(self.folders.account, self.folders.home)
        self._stop_leftover()
        if not self.folders.cluster.exists():
            self._create_cluster(binaries)
        _check_version(self.folders.cluster)
        clear_the_way(self.folders.cluster, self.folders.run)
        self._configure()
        self._process = self._spawn(binaries)
        with self._first_answer() as superuser:
            _create_database(superuser)

    def poll(self) -> int | None:
        """The exit code when it has ended."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Fast stop: sessions are cut off, what they committed is safe."""
        self._signal(signal.SIGINT)
        if self._process:
            _wait(self._process.wait, lambda: self._say("PostgreSQL is writing its last checkpoint"))

    def kill(self) -> None:
        """Immediate stop: the next start replays the log."""
        self._signal(signal.SIGQUIT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def _stop_leftover(self) -> None:
        """An earlier run was killed and its server lives: stop it, so that ours is our child and has our settings."""
        if leftover := postmaster(self.folders.cluster):
            self._say("stopping the PostgreSQL that an earlier run left behind")
            leftover.send_signal(signal.SIGINT)
            _wait(leftover.wait, lambda: self._say("waiting for it to stop"))

    def _create_cluster(self, binaries: Binaries) -> None:
        """Make the cluster beside its place, then move it there: a start that is interrupted leaves nothing half."""
        draft = self.folders.home / "postgres.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.folders.account.own(draft, 0o700)
        command = [binaries.initdb, "-D", str(draft), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]
        command += [] if self._durable else ["--no-sync"]
        made = subprocess.run(command, capture_output=True, check=False, cwd="/", **self.folders.account.popen())
        if made.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise OperatorError(f"PostgreSQL could not make its files: {_reason(made.stderr.decode())}")
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'ecoa.conf'\ninclude_if_exists 'local.conf'\n")
        draft.rename(self.folders.cluster)

    def _configure(self) -> None:
        path = self.folders.cluster / "ecoa.conf"
        text = configuration(run=self.folders.run, cluster=self.folders.cluster, durable=self._durable)
        path.write_text("# Written at every start; your own settings go into local.conf.\n" + text, encoding="utf-8")
        self.folders.account.own(path, 0o600)

    def _spawn(self, binaries: Binaries) -> subprocess.Popen[bytes]:
        account = self.folders.account
        who = [str(account.uid), str(account.gid)] if account.switch else ["-1", "-1"]
        command = [sys.executable, "-I", "-S", LAUNCH, *who, binaries.postgres, "-D", str(self.folders.cluster)]
        with os.fdopen(os.open(self._start_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )

    @property
    def _start_log(self) -> Path:
        return self.folders.home / "postgres-start.log"

    def _last_words(self) -> str:
        """What the ended process wrote: first to us, then to its log folder."""
        logs = sorted((self.folders.cluster / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in [self._start_log, *logs[-1:]]]
        mine = f"[{self._process.pid}]" if self._process else ""
        return "\n".join(line for text in texts for line in text.splitlines() if mine in line)

    @contextmanager
    def _first_answer(self) -> Iterator[psycopg.Connection]:
        """The first session. A server that replays its log refuses until it has finished, however long that is."""
        said = started = time.monotonic()
        while True:
            try:
                connection = psycopg.connect(self.conninfo(user=SUPERUSER, dbname="postgres"), autocommit=True)
                break
            except psycopg.OperationalError:
                if self.poll() is not None:
                    raise OperatorError(f"PostgreSQL did not start: {_reason(self._last_words())}") from None
            if (now := time.monotonic()) - said > SAY_EVERY_S:
                said = now
                self._say(f"PostgreSQL is replaying its log ({now - started:.0f} s{_replay_position(self.pid)})")
            time.sleep(0.02)
        with connection:
            yield connection


@contextmanager
def embedded(data_dir: Path, *, durable: bool = True) -> Iterator[Server]:
    """A server for the length of a block."""
    server = Server(data_dir, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _check_version(cluster: Path) -> None:
    try:
        made_by = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError as cause:
        raise OperatorError(f"{cluster} is not a PostgreSQL data folder ({cause.strerror}); move it away.") from cause
    if made_by != MAJOR:
        raise OperatorError(
            f"{cluster} was written by PostgreSQL {made_by}, and this version brings PostgreSQL {MAJOR}: move the data "
            "with pg_upgrade or pg_dump, or point DATABASE_URL at a server that runs it."
        )


def _create_database(superuser: psycopg.Connection) -> None:
    """The application's role, no superuser, and its database. Each step again harmless."""
    user, name = sql.Identifier(EMBEDDED_USER), sql.Identifier(EMBEDDED_NAME)
    if not superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [EMBEDDED_USER]).rowcount:
        superuser.execute(sql.SQL("CREATE ROLE {} LOGIN").format(user))
        for setting, value in ROLE_SETTINGS.items():
            superuser.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(user, sql.Identifier(setting), value))
    if not superuser.execute("SELECT FROM pg_database WHERE datname = %s", [EMBEDDED_NAME]).rowcount:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, user))


def _wait(wait: Callable[[float], object], say: Callable[[], None]) -> None:
    """Wait as long as it takes, saying so now and then."""
    while True:
        try:
            wait(SAY_EVERY_S)
            return
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            say()


def _replay_position(pid: int | None) -> str:
    """Where in the log the start-up process is, from its title: `startup recovering 0000000100000002000000A1`."""
    try:
        titles = [" ".join(child.cmdline()) for child in psutil.Process(pid).children()] if pid else []
    except psutil.Error:
        return ""
    return next((f", at {match[1]}" for title in titles if (match := re.search(r"recovering (\w+)", title))), "")


def _reason(log: str) -> str:
    """The line of a log that says why."""
    lines = [line for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|No space", line)]
    line = (telling or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(FATAL|PANIC|error): *", "", line) + "."
