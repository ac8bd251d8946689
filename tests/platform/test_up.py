"""One command starts everything, keeps it running and stops it; what it cannot do it says in one sentence."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import psycopg
import pytest

from tests.platform.running import PATIENCE_S, PROJECT, Up, environment_for, refused_up, running_up, temporary_folder

KEY = "a-key-of-the-operators-own-choice-000001"


@pytest.fixture
def folder() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """One that several tests look at: starting takes seconds."""
    with temporary_folder() as folder, running_up(environment_for(folder / "data")) as up:
        yield up


def send_nothing(up: Up, key: str, variable: str = "ECOA_OTLP_HTTP_PORT") -> int:
    """An export request without spans; its status."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-protobuf"}
    url = f"http://127.0.0.1:{up.environment[variable]}/v1/traces"
    with urlopen(Request(url, data=b"", headers=headers), timeout=PATIENCE_S) as response:
        return int(response.status)


@pytest.mark.stack
@pytest.mark.slow
def test_a_first_start_says_all_that_an_operator_needs(up: Up) -> None:
    """The address, the set-up link, and environment lines whose key is good for exporting on both ports."""
    key = re.search(r'OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20(ecoa_[\w-]{43})"', up.output)

    assert f"http://localhost:{up.environment['ECOA_PORT']}/setup/" in up.output
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{up.environment['ECOA_OTLP_HTTP_PORT']}" in up.output
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in up.output
    assert key
    assert send_nothing(up, key[1]) == 200
    assert send_nothing(up, key[1], "ECOA_PORT") == 200


@pytest.mark.stack
def test_a_second_up_says_who_holds_the_data(up: Up) -> None:
    """It names process, time and address, and leaves the first alone."""
    sentence = refused_up(environment_for(Path(up.environment["ECOA_DATA_DIR"])))

    assert f"process {up.process.pid}, since 20" in sentence
    assert f"http://localhost:{up.environment['ECOA_PORT']}" in sentence
    assert up.process.poll() is None


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("name", ["receiver", "web", "worker"])
def test_a_killed_part_is_started_again(up: Up, name: str) -> None:
    """kill -9 of a part is reported, and another takes its place."""
    before, seen = up.parts(name), len(up.lines)

    before[0].kill()

    up.wait_for("was ended by SIGKILL; starting it again", after=seen)
    wait_until(lambda: len(up.parts(name)) == len(before))
    assert any(line.startswith(f"! {name}") for line in up.lines[seen:])


@pytest.mark.stack
@pytest.mark.slow
def test_a_killed_postgres_is_started_again(up: Up) -> None:
    """kill -9 of the database is reported, and after replaying its log it answers."""
    up.parts("postgres")[0].kill()

    up.wait_for("PostgreSQL runs again")


@pytest.mark.stack
@pytest.mark.slow
def test_ctrl_c_leaves_no_process(folder: Path) -> None:
    """It stops with code 0, everything it started has ended, and the next start does not show the key again."""
    environment = environment_for(folder / "data")
    with running_up(environment) as up:
        below = up.children()
        key = re.search(r"ecoa_[\w-]{43}", up.output)

        assert up.interrupt() == 0

    assert not alive(below)
    with running_up(environment) as again:
        assert key
        assert key[0] not in again.output
        assert "YOUR_KEY was shown at the first start" in again.output


@pytest.mark.stack
@pytest.mark.slow
def test_a_killed_up_leaves_no_process_and_the_next_one_starts(folder: Path) -> None:
    """After kill -9 of the supervisor its parts end by themselves; nothing stands in the way of the next."""
    environment = environment_for(folder / "data")
    with running_up(environment) as up:
        below = up.children()

        up.process.kill()

        wait_until(lambda: not alive(below))
    with running_up(environment) as again:
        assert again.interrupt() == 0


@pytest.mark.stack
@pytest.mark.slow
def test_unattended_set_up_needs_no_link(folder: Path) -> None:
    """With administrator and key from the environment nobody has to read the terminal."""
    more = {"ECOA_ADMIN_EMAIL": "ops@example.org", "ECOA_ADMIN_PASSWORD": "correct-horse-battery", "ECOA_API_KEY": KEY}

    with running_up(environment_for(folder / "data", **more)) as up:
        assert "/setup/" not in up.output
        assert send_nothing(up, KEY) == 200


@pytest.mark.stack
@pytest.mark.parametrize("variable", ["ECOA_PORT", "ECOA_OTLP_HTTP_PORT", "ECOA_OTLP_GRPC_PORT"])
def test_a_taken_port_is_named_with_its_variable(folder: Path, variable: str) -> None:
    """Before anything is started."""
    environment = environment_for(folder / "data")
    with socket.create_server(("127.0.0.1", int(environment[variable]))):
        sentence = refused_up(environment)

    assert f"Port {environment[variable]} on 127.0.0.1 is taken" in sentence
    assert variable in sentence
    assert not (folder / "data" / "postgres").exists()


@pytest.mark.stack
def test_a_data_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    """No permission: the folder, the reason and the variable."""
    closed = Path("/proc") if os.geteuid() == 0 else folder
    closed.chmod(0o555)

    sentence = refused_up(environment_for(closed / "data"))

    assert f"{closed}/data cannot be written" in sentence
    assert "ECOA_DATA_DIR" in sentence


@pytest.mark.stack
def test_data_of_another_postgres_is_refused(folder: Path) -> None:
    """A cluster of another major version is left as it is."""
    cluster = folder / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")

    assert "was written by PostgreSQL 16" in refused_up(environment_for(folder / "data"))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ECOA_BIND": "0.0.0.0"}, "set ECOA_BASE_URL"),
        ({"ECOA_PORT": "web"}, "ECOA_PORT"),
        ({"ECOA_PORT": "70000"}, "ECOA_PORT=70000 is not a port"),
        ({"ECOA_API_KEY": "short"}, "ECOA_API_KEY has 5 characters"),
        ({"ECOA_ADMIN_EMAIL": "ops@example.org"}, "ECOA_ADMIN_PASSWORD is missing"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "DATABASE_URL does not answer"),
    ],
)
def test_a_wrong_setting_is_one_sentence(folder: Path, variables: dict[str, str], words: str) -> None:
    """It names the variable, and nothing keeps running."""
    assert words in refused_up(environment_for(folder / "data", **variables))


@pytest.mark.stack
@pytest.mark.slow
def test_the_example_shop_sends_traces(folder: Path) -> None:
    """With --demo there is life at once: traces of the last hour are stored."""
    with running_up(environment_for(folder / "data"), "--demo", "--seed", "1"):
        conninfo = f"host={folder}/data/run user=ecoa dbname=ecoa"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            wait_until(lambda: connection.execute("SELECT count(*) > 200 FROM traces_trace").fetchone() == (True,))


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that only waits for its parent to look has ended."""
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_until(true: Callable[[], bool]) -> None:
    """Ask until it holds; a hang is a failure."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_up_is_listed_among_the_commands() -> None:
    """`manage.py help` knows it, though manage.py runs it without Django."""
    from django.core.management import get_commands

    assert get_commands()["up"] == "ecoa_web"
    assert (PROJECT / "manage.py").exists()
