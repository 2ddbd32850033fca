"""``doxa data`` as a user meets it."""

from __future__ import annotations

import importlib.util
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doxa.testing import OpenAIServer

pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")

SPEC = """
from doxa import Analyst, Experiment, Manager, hierarchy
from doxa.environments import Market, MarketData

team = hierarchy(Manager(), [Analyst("trader", source="prices"), Analyst("reader", source="news")])
experiment = Experiment(Market.from_store(MarketData("store"), "ACME"), team, episodes=1, name="stored")
"""

Doxa = Callable[..., Any]
PRICES = "date,close,currency\n2021-03-01,10,USD\n2021-03-02,11,USD\n2021-03-04,12,USD\n2021-03-05,11,USD\n"
NEWS = "published_at,text\n2021-03-02T15:00:00Z,Great growth\n"


@pytest.fixture
def stored(doxa: Doxa) -> Doxa:
    Path("p.csv").write_text(PRICES)
    Path("n.csv").write_text(NEWS)
    assert doxa("data", "fetch", "--source", "csv", "--store", "store", "--file", "p.csv", "ACME").code == 0
    assert doxa("data", "fetch", "--source", "news", "--store", "store", "--file", "n.csv", "ACME").code == 0
    return doxa


def test_fetching_again_adds_nothing(stored: Doxa) -> None:
    again = stored("data", "fetch", "--source", "csv", "--store", "store", "--file", "p.csv", "ACME")
    assert again.out == "p.csv: 0 new, 0 restated, 4 as they were\n"
    Path("p.csv").write_text(PRICES.replace("12,", "13,"))
    told = stored("data", "fetch", "--source", "csv", "--store", "store", "--file", "p.csv", "ACME", "--json").json
    assert told == [{"subject": "p.csv", "new": 0, "restated": 1, "same": 3, "gaps": []}]


def test_what_was_known_at_a_moment(stored: Doxa) -> None:
    holdings = stored("data", "show", "store", "--json").json
    assert [(h["ticker"], h["kind"], h["versions"]) for h in holdings] == [("ACME", "price", 4), ("ACME", "news", 1)]

    def known(as_of: str) -> list[str]:
        told = stored("data", "show", "store", "ACME", "--as-of", as_of, "--json").json
        return [row["key"] for row in told.get("price", [])]

    assert known("2021-03-02T20:59:59Z") == ["2021-03-01"]
    assert known("2021-03-02T21:00:00Z") == known("2021-03-02") == ["2021-03-01", "2021-03-02"]
    assert "Great growth" in stored("data", "show", "store", "ACME").out


def test_a_check_says_what_is_missing(stored: Doxa) -> None:
    done = stored("data", "check", "store")
    assert done.code == 0
    assert "warn  ACME price: 1 exchange days missing, 2021-03-03" in done.out
    (Path("store") / "price" / "ACME.parquet").write_bytes(b"")
    assert stored("data", "check", "store", "--json").code == 1


def test_a_team_trades_on_the_store_and_replays(stored: Doxa) -> None:
    done = stored("train", "spec.py:experiment", "--json")
    assert done.code == 0, done.err
    assert stored("replay", "last", "--json").json["sent"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fetch", "--source", "yahooo", "--store", "s", "X"], "did you mean 'yahoo'"),
        (["fetch", "--source", "yahoo", "--store", "s"], "name one or more tickers"),
        (["fetch", "--source", "csv", "--store", "s", "X"], "name its file with --file"),
        (["fetch", "--source", "csv", "--store", "s", "--file", "no.csv", "X"], "no such file"),
        (["fetch", "--source", "edgar", "--store", "s", "X"], "e-mail address"),
        (["fetch", "--source", "edgar", "--store", "s", "X", "--user-agent", "me"], "e-mail address"),
        (["fetch", "--source", "yahoo", "--store", "s", "x/y"], "capital letters"),
        (["fetch", "--source", "csv", "--store", "s", "--file", "spec.py", "X", "--exchange", "nyse"], "choose us"),
        (["fetch", "--source", "calls", "--store", "s", "--file", "a.txt", "X"], "--published-at"),
        (["check", "nowhere"], "no data store there"),
        (["show", "nowhere"], "no data store there"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    doxa: Doxa, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.delenv("DOXA_EDGAR_USER_AGENT", raising=False)
    done = doxa("data", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not list(Path("s").glob("*/*"))


def test_moments_of_a_store_that_it_cannot_speak_of(stored: Doxa) -> None:
    for as_of, message in (
        ("2031-01-01", "in the future of this store, which knows nothing after 2021-03-05T21:00:00+00:00"),
        ("2021-03-02T10:00:00", "has no time zone"),
        ("soon", "isn't a moment"),
    ):
        done = stored("data", "show", "store", "ACME", "--as-of", as_of)
        assert done.code == 2
        assert message in done.err
    assert stored("data", "show", "store", "ACNE").code == 2
    assert stored("data", "show", "store", "--as-of", "2021-03-02").code == 2


def test_a_transcript_as_text(stored: Doxa) -> None:
    Path("q4.txt").write_text("We are confident.")
    moment = ["--published-at", "2021-03-03T22:00:00+00:00"]
    done = stored("data", "fetch", "--source", "calls", "--store", "store", "--file", "q4.txt", "ACME", *moment)
    assert done.code == 0
    calls = stored("data", "show", "store", "ACME", "--json").json["call"]
    assert [(row["title"], row["text"]) for row in calls] == [("q4", "We are confident.")]


def test_edgar_from_the_command_line(doxa: Doxa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: a ticker without filings is a gap, those with filings are stored, a second fetch asks for none."""
    folder = Path(__file__).parent / "environments"
    monkeypatch.syspath_prepend(folder)
    edgar, loopback = (_module(folder / f"{name}.py") for name in ("test_edgar", "loopback"))
    with loopback.serving(edgar.answers()) as server:
        arguments = [
            "--source",
            "edgar",
            "--store",
            "store",
            "--base-url",
            server.url,
            "--user-agent",
            edgar.AGENT,
            "ACME",
        ]
        assert doxa("data", "fetch", *arguments).out == "ACME: 2 new, 0 restated, 0 as they were\n"
        server.asked.clear()
        assert doxa("data", "fetch", *arguments).out == "ACME: 0 new, 0 restated, 0 as they were\n"
        assert len(server.asked) == 3
    shown = doxa("data", "show", "store", "ACME", "--json").json["filing"]
    assert [row["form"] for row in shown] == ["10-K", "10-Q"]
    assert json.dumps(shown).count("pumps") > 2


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_recorded_call_is_heard_once(doxa: Doxa) -> None:
    with wave.open("call.wav", "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(800))
    fetch = ("data", "fetch", "--source", "calls", "--store", "store", "--audio", "call.wav")
    with OpenAIServer(["Guidance is raised.", "Guidance was raised."]) as server:
        told = (*fetch, "ACME", "--at", "2021-03-02T22:30:00Z", "--base-url", server.url, "--model")
        assert doxa(*told, "openai/one").out == "call.wav: 1 new, 0 restated, 0 as they were\n"
        assert doxa(*told, "openai/one").out == "call.wav: 0 new, 0 restated, 1 as they were\n"
        assert len(server.requests) == 1
        assert doxa(*told, "openai/other").out == "call.wav: 0 new, 1 restated, 0 as they were\n"
        assert len(server.requests) == 2
        (row, *_) = doxa("data", "show", "store", "ACME", "--as-of", "2021-03-02T22:30:00Z", "--json").json["call"]
        assert (row["known_at"], row["text"]) == ("2021-03-02T22:30:00+00:00", "Guidance is raised.")
        moved = doxa(*(part.replace("22:30", "23:30") for part in told), "openai/one")
        assert (moved.code, len(server.requests)) == (2, 2)
        assert "as that of 2021-03-02T22:30:00+00:00" in moved.err
    assert not doxa("data", "show", "store", "ACME", "--as-of", "2021-03-02T22:29:59Z", "--json").json


@pytest.mark.parametrize(
    ("file", "options", "told"),
    [
        ("call.wma", ("ACME", "--at", "2021-03-02T22:30:00Z", "--model", "openai/x"), "type 'wma' isn't taken"),
        ("call.mp3", ("ACME", "--model", "openai/x"), "--published-at"),
        ("call.mp3", ("ACME", "--at", "2021-03-02T22:30:00Z"), "--model"),
        ("call.mp3", ("--at", "2021-03-02T22:30:00Z", "--model", "openai/x"), "one TICKER"),
        ("call.mp3", ("acme", "--at", "2021-03-02T22:30:00Z", "--model", "openai/x"), "capital letters"),
        ("call.mp3", ("ACME", "--at", "2021-03-02 22:30", "--model", "openai/x"), "time zone"),
    ],
)
def test_a_recording_that_can_t_be_used_is_refused(doxa: Doxa, file: str, options: tuple[str, ...], told: str) -> None:
    Path(file).write_bytes(b"x")
    done = doxa("data", "fetch", "--source", "calls", "--store", "store", "--audio", file, *options)
    assert done.code == 2
    assert told in done.err
    assert not Path("store").exists()
