"""Runs gathered in a journal in PostgreSQL, on a server that these tests start from installed packages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import HomeError
from doxa.memory import Home, Journal, mirror, postgres
from doxa.memory.gathering import gather, reserved
from doxa.memory.postgres import Server

SPEC = """
from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(
    Manager(),
    [Analyst("listener", source="almanac"), Analyst("watcher", source="barometer")],
    CVaRMonitor(),
    ConceptualCritic(),
)
def rain(seed: int, days: int = 3):
    return Experiment(Weather(days=days), team, episodes=2, seed=seed, name="rain")
"""
PASSWORD = "pa55-w0rd-of-the-tests"
OVER = ("sweep", "spec.py:rain", "--over", "seed=0..2")
Doxa = Callable[..., Any]


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    port: int

    def url(self, database: str, *, user: str = "doxa", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


def programs() -> Path:
    """Where PostgreSQL's programs are."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found is None and not folders:
        pytest.skip("PostgreSQL isn't installed here: there is no initdb (Debian: apt-get install postgresql)")
    return Path(found).parent if found else folders[-1].parent


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server in a folder of its own, on the loopback only; root can't run one, so another user does."""
    pytest.importorskip("psycopg", reason="psycopg isn't installed: pip install 'doxa[postgres]'")
    bin_, folder = programs(), Path(tempfile.mkdtemp(prefix="doxa-pg-"))
    other = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else []
    if other:
        shutil.chown(folder, "nobody")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        done = subprocess.run([*other, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    data, sockets = folder / "data", f"-k {folder} -c listen_addresses=127.0.0.1 -p {port}"
    started = ("-U", "doxa", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "--no-sync")
    run(str(bin_ / "initdb"), "-D", str(data), *started)
    run(
        str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"),
        "-o", f"{sockets} -c fsync=off -c shared_buffers=16MB", "start",
    )  # fmt: skip
    try:
        yield Postgres(port)
    finally:
        run(str(bin_ / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def url(server: Postgres, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = f"d{abs(hash(request.node.name))}"
    execute(server.url("postgres"), f"CREATE DATABASE {name}")
    return server.url(name)


def execute(url: str, sql: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(sql.encode())
        return done.fetchall() if done.description else []


def test_a_sweep_is_gathered_and_read_from_the_server(doxa: Doxa, url: str) -> None:
    told = doxa(*OVER, "--journal", url, "--json").json
    assert (told["ended"], told["ungathered"]) == (True, None)
    listed = doxa("runs", "--home", url, "--json").json
    assert [run["id"] for run in listed] == ["rain-sweep-1", "rain-1", "rain-2", "rain-3"]
    for row in told["rows"]:
        here, there = (doxa("export", row["run"], *home).out for home in ((), ("--home", url)))
        assert here == there != ""
        for command in ("beliefs", "costs"):
            assert doxa(command, row["run"], "--json").json == doxa(command, row["run"], "--home", url, "--json").json
        replayed = doxa("replay", row["run"], "--home", url, "--json").json
        assert replayed["digest"] == doxa("show", row["run"], "--json").json["digest"]
    assert "rain-2" in doxa("runs", "--home", url).out


def test_gathering_again_changes_nothing(doxa: Doxa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOXA_JOURNAL", url)
    assert doxa(*OVER).code == 0
    everything = "SELECT * FROM doxa.events ORDER BY run, seq"
    before = execute(url, everything)
    assert doxa(*OVER).code == 0
    assert execute(url, everything) == before
    assert len(before) > 100


def test_what_grew_is_added_and_read(doxa: Doxa, url: str, tmp_path: Path) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    assert len(doxa("runs", "--home", url, "--json").json) == 4
    assert doxa("sweep", "spec.py:rain", "--over", "seed=3,4", "--journal", url).code == 0
    added = ("Fog means rain.", "--aspect", "barometer", "--reason", "seen often")
    assert doxa("belief", "add", "rain-1", *added).code == 0
    assert doxa(*OVER, "--journal", url).code == 0
    assert len(doxa("runs", "--home", url, "--json").json) == 7
    assert doxa("beliefs", "rain-1", "--home", url, "--json").json == doxa("beliefs", "rain-1", "--json").json
    assert "Fog means rain." in doxa("beliefs", "rain-1", "--home", url, "--json").out
    (copy,) = (path for path in (tmp_path / "cache" / "doxa" / "journals").iterdir() if path.is_dir())
    with Journal.open(Home(copy), write=False) as journal:
        assert all(journal.verify(run) == journal.length(run) for run in journal.runs())


def test_homes_that_share_a_journal_get_names_of_their_own(doxa: Doxa, url: str) -> None:
    rows = [doxa(*OVER, "--journal", url, "--home", home, "--json").json for home in ("one", "two")]
    assert [row["run"] for told in rows for row in told["rows"]] == [f"rain-{n}" for n in range(1, 7)]
    assert [told["sweep"] for told in rows] == ["rain-sweep-1", "rain-sweep-2"]
    assert len(doxa("runs", "--home", url, "--json").json) == 8


def test_another_run_of_the_same_name_is_refused_and_the_arms_are_whole(doxa: Doxa, url: str) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    other = ("sweep", "spec.py:rain", "--over", "seed=7..9", "--home", "other")
    assert doxa(*other).code == 0
    done = doxa(*other, "--journal", url)
    assert done.code == 1
    assert "3 of 3 arms ended" in done.out
    assert "holds another run rain-" in " ".join(done.out.split())
    assert "begin with --journal" in " ".join(done.out.split())


def test_the_server_keeps_the_journals_guarantees(doxa: Doxa, url: str) -> None:
    import psycopg

    assert doxa(*OVER, "--journal", url).code == 0
    twice = "INSERT INTO doxa.events SELECT run, episode, seq + 1, kind, key, '{}', hash, 'h' FROM doxa.events"
    for sql, said in (
        ("UPDATE doxa.events SET payload = '{}' WHERE run = 'rain-1' AND seq = 3", "append-only"),
        ("DELETE FROM doxa.events WHERE run = 'rain-1'", "append-only"),
        ("TRUNCATE doxa.events", "append-only"),
        ("INSERT INTO doxa.events VALUES ('rain-1', 0, 9999, 'x', 'x', '{}', '', 'h')", "does not follow"),
        (f"{twice} WHERE run = 'rain-1' ORDER BY seq DESC LIMIT 1", "duplicate key"),
    ):
        with pytest.raises(psycopg.Error, match=said):
            execute(url, sql)


def test_what_was_changed_behind_the_journals_back_is_noticed(doxa: Doxa, url: str) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    changed = "UPDATE doxa.events SET payload = '{\"a\":1}' WHERE run = 'rain-2' AND seq = 5"
    execute(url, f"ALTER TABLE doxa.events DISABLE TRIGGER ALL; {changed}")
    done = doxa("runs", "--home", url)
    assert done.code == 1
    assert "run rain-2 of the shared journal: what stands at seq 5 isn't what was gathered" in done.err


def test_a_copy_of_another_journal_is_made_anew(doxa: Doxa, url: str) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    assert len(doxa("runs", "--home", url, "--json").json) == 4
    execute(url, "DROP SCHEMA doxa CASCADE")
    assert doxa("sweep", "spec.py:rain", "--over", "seed=8,9", "--home", "new", "--journal", url).code == 0
    assert [run["id"] for run in doxa("runs", "--home", url, "--json").json] == ["rain-sweep-1", "rain-1", "rain-2"]
    there, here = (doxa("show", "rain-2", "--home", home, "--json").json for home in (url, "new"))
    assert there["digest"] == here["digest"]


def test_nothing_is_written_through_a_copy_which_is_its_owners_alone(doxa: Doxa, url: str) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    before = execute(url, "SELECT count(*) FROM doxa.events")
    for command in (("train", "spec.py:rain", "--set", "seed=1"), OVER, ("runs", "rm", "rain-1", "--yes"), ("gc",)):
        done = doxa(*command, "--home", url)
        assert done.code == 2
        assert "is for reading only" in done.err
        assert PASSWORD not in done.err
    assert execute(url, "SELECT count(*) FROM doxa.events") == before
    folder = mirror.mirrored(url)
    assert folder.stat().st_mode & 0o077 == 0
    assert PASSWORD not in (folder / "copied").read_text()


def test_two_homes_never_get_the_same_number(url: str) -> None:
    server = Server.at(url)
    with server.connected(write=True) as one, server.connected(write=True) as two:
        got = [reserved(each, "rain", lowest) for each, lowest in ((one, 1), (two, 1), (one, 2), (two, 9), (one, 3))]
    assert got == [1, 2, 3, 9, 10]


def test_a_run_that_is_cut_off_in_the_home_is_left_as_it_is_there(doxa: Doxa, url: str, tmp_path: Path) -> None:
    """An older copy of a home has less of a run than the server: nothing is lost by gathering it."""
    assert doxa("train", "spec.py:rain", "--set", "seed=1").code == 0
    server = Server.at(url)
    with Journal.open(Home(tmp_path / ".doxa"), write=False) as journal, server.connected(write=True) as connection:
        assert gather(server, connection, journal, "rain-1") == journal.length("rain-1")
        assert gather(server, connection, journal, "rain-1") == 0
    with Journal.open(Home(tmp_path / "old"), write=True) as old:
        with Journal.open(Home(tmp_path / ".doxa"), write=False) as journal:
            first = list(journal.events("rain-1"))[:9]
        old.begin("rain")
        for e in first:
            old.append("rain-1", [mirror_entry(e)])
        with server.connected(write=True) as connection:
            assert gather(server, connection, old, "rain-1") == 0


def mirror_entry(event: Any) -> Any:
    from doxa.memory import Entry

    return Entry(event.episode, event.kind, event.key, event.payload)


@pytest.mark.parametrize("option", ["--journal", "--home"])
def test_servers_that_cannot_be_used_are_refused(doxa: Doxa, url: str, server: Postgres, option: str) -> None:
    refused = ("sweep", "spec.py:rain", "--over", "seed=0,1") if option == "--journal" else ("runs",)
    wrong = server.url("postgres", password="wr0ng-one")
    for address, said in (
        (url.replace(str(server.port), "1"), "Connection refused"),
        (wrong, "password authentication failed"),
        (server.url("nowhere"), 'database "nowhere" does not exist'),
        ("postgresql://doxa:secret-word@[host/db", "the address of the shared journal can't be read"),
        *([("mysql://x", "begins with postgresql://")] if option == "--journal" else []),
        *([(url, "there is no journal at")] if option == "--home" else []),
    ):
        done = doxa(*refused, option, address)
        assert done.code == 2, done
        assert said in done.err
        for secret in (PASSWORD, "wr0ng-one", "secret-word"):
            assert secret not in done.err
        assert not Path(".doxa").exists()


def test_a_read_only_database_is_refused_for_writing_only(doxa: Doxa, url: str) -> None:
    assert doxa(*OVER, "--journal", url).code == 0
    execute(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    done = doxa("sweep", "spec.py:rain", "--over", "seed=5,6", "--home", "new", "--journal", url)
    assert done.code == 2
    assert "is read-only" in done.err
    assert not Path("new").exists()
    assert len(doxa("runs", "--home", url, "--json").json) == 4


def test_an_old_server_and_a_new_journal_are_refused(doxa: Doxa, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HomeError, match=r"PostgreSQL 12\.22; doxa needs 13 or newer: upgrade the server"):
        postgres.see_version(120022, "postgresql://host/db")
    postgres.see_version(130000, "postgresql://host/db")
    assert doxa(*OVER, "--journal", url).code == 0
    execute(url, "UPDATE doxa.meta SET value = '2' WHERE key = 'format'")
    for command in (("runs", "--home", url), (*OVER, "--home", "new", "--journal", url)):
        done = doxa(*command)
        assert done.code == 2
        assert "is of format 2, this doxa reads 1: upgrade doxa" in done.err
    monkeypatch.setattr(postgres, "OLDEST", 99)
    done = doxa("runs", "--home", url)
    assert done.code == 2
    assert "doxa needs 99 or newer" in done.err


def test_without_psycopg_the_install_line_is_told(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg.conninfo", None)
    for command in ((*OVER, "--journal", "postgresql://h/d"), ("runs", "--home", "postgresql://h/d")):
        done = doxa(*command)
        assert done.code == 2
        assert "pip install 'doxa[postgres]'" in done.err
    assert not Path(".doxa").exists()
