"""Tables and files into data: what each adapter takes, and what it refuses."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stores
from test_stored_market import observed

from doxa.environments import Market
from doxa.environments.data import MarketData
from doxa.environments.datum import Batch
from doxa.environments.exchange import US, exchange
from doxa.environments.imports import Told, investorbench, prices, text_file, texts
from doxa.environments.records import from_csv, from_frame, from_parquet
from doxa.errors import DataError

pd = pytest.importorskip("pandas", reason="frames need pandas, of the extra 'finance'")
pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")

NOW = stores.NOW
ACME = Told(ticker="ACME", currency="USD")
HEADER = "date,close,adj close,dividends,stock splits\n"


def priced(tmp_path: Path, text: str, told: Told = ACME) -> Batch:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return prices(from_csv(path), told, NOW, "csv")


def test_a_table_of_prices(tmp_path: Path) -> None:
    batch = priced(tmp_path, HEADER + "2021-03-01,10,9.5,0.2,0\n2021-03-02,5,5,,2\n2021-03-03,,,,\n2021-03-04,nan,,,\n")
    kinds = [(datum.kind, datum.key) for datum in batch.data]
    assert kinds == [
        ("price", "2021-03-01"),
        ("dividend", "2021-03-01"),
        ("price", "2021-03-02"),
        ("split", "2021-03-02"),
        ("price", "2021-03-03"),
        ("price", "2021-03-04"),
    ]
    assert batch.data[0].values == {"close": 10.0, "adjusted": 9.5, "currency": "USD", "exchange": "us"}
    assert batch.data[0].known_at == US.closing(date(2021, 3, 1))
    assert batch.gaps == ("ACME: no close of 2021-03-03", "ACME: no close of 2021-03-04")
    assert not batch.dated


def test_many_tickers_in_one_table(tmp_path: Path) -> None:
    text = "Date,Ticker,Close,Currency\n2021-03-01,acme,10,USD\n2021-03-01,Beta,20,EUR\n"
    assert [datum.ticker for datum in priced(tmp_path, text, Told()).data] == ["ACME", "BETA"]
    assert [datum.ticker for datum in priced(tmp_path, text).data] == ["ACME"]
    with pytest.raises(DataError, match="the table has ACME, BETA"):
        priced(tmp_path, text, Told(ticker="GAMMA"))


def test_versions_with_their_own_known_at(tmp_path: Path) -> None:
    text = "date,close,known_at\n2021-03-01,10,2021-03-01T21:00:00Z\n2021-03-01,11,2021-03-05T12:00:00+01:00\n"
    batch = priced(tmp_path, text)
    assert batch.dated
    assert [datum.known_at.isoformat() for datum in batch.data] == [
        "2021-03-01T21:00:00+00:00",
        "2021-03-05T11:00:00+00:00",
    ]


def test_the_close_is_that_of_the_exchange(tmp_path: Path) -> None:
    told = Told(ticker="VOD.L", exchange=exchange("Europe/London@16:30"))
    assert priced(tmp_path, "date,close\n2021-07-01,10\n", told).data[0].known_at == datetime(
        2021, 7, 1, 15, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("date,close\n", "no rows, so no prices"),
        ("close\n10\n", "line 2: no date"),
        ("date,close\n01.03.2021,10\n", "line 2: '01.03.2021' isn't a date"),
        ("date,open\n2021-03-01,10\n", "line 2: no price"),
        ("date,close\n2021-03-01,ten\n", "line 2: the price 'ten' isn't a usable number"),
        ("date,close\n2021-03-01,-4\n", "close is -4.0; give a finite number above zero"),
        ("date,close\n2021-03-01,inf\n", "close is inf"),
        ("date,close,close\n2021-03-01,1,1\n", "'close' is there twice"),
        ("date,close,known_at\n2021-03-01,1,2021-03-01T21:00:00\n", "has no time zone"),
        ("date,close,known_at\n2021-03-01,1,yesterday\n", "isn't a moment"),
        ("date,close,known_at\n2021-03-01,1,2021-03-01T20:59:59Z\n", "before event_time"),
        ('date,close\n2021-03-01,"1\n', "not a CSV line"),
    ],
)
def test_bad_tables_are_one_clear_message(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        priced(tmp_path, text)


def test_a_table_without_any_ticker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no ticker; name it"):
        priced(tmp_path, "date,close\n2021-03-01,1\n", Told())


def test_frames_and_parquet_are_tables_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Close": [10.0, float("nan")]}, index=pd.DatetimeIndex(["2021-03-01", "2021-03-02"]))
    batch = prices(from_frame(frame), ACME, NOW, "frame")
    assert [datum.number("close") for datum in batch.data] == [10.0, None]
    frame.reset_index(names="date").to_parquet(tmp_path / "x.parquet")
    assert prices(from_parquet(tmp_path / "x.parquet"), ACME, NOW, "frame") == batch
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="not a Parquet file"):
        from_parquet(tmp_path / "y.parquet")
    with pytest.raises(DataError, match="isn't a pandas DataFrame"):
        from_frame([1])  # type: ignore[arg-type]


def test_news_from_any_frame() -> None:
    stamps = pd.to_datetime(["2021-03-01 09:30", "2021-03-01 16:01"]).tz_localize("America/New_York")
    frame = pd.DataFrame(
        {"published_at": stamps, "headline": ["Up", "Down"], "body": ["It rose.", None], "source": "Wire"}
    )
    first, second = texts(from_frame(frame), "news", ACME, NOW, "news").data
    assert first.known_at == datetime(2021, 3, 1, 14, 30, tzinfo=UTC)
    assert (first.text("title"), first.text("text"), first.text("publisher")) == ("Up", "It rose.", "Wire")
    assert (second.text("title"), second.text("text")) == ("Down", "")
    assert first.key != second.key


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "x"}, "no published_at"),
        ({"published_at": "2021-03-01T09:30:00", "text": "x"}, "has no time zone"),
        ({"published_at": pd.Timestamp("2021-03-01"), "text": "x"}, "has no time zone"),
        ({"published_at": pd.NaT, "text": "x"}, "no published_at"),
        ({"published_at": "soon", "text": "x"}, "isn't a moment"),
        ({"published_at": "2021-03-01T09:30:00Z"}, "no text"),
    ],
)
def test_news_that_nobody_can_place_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        texts(from_frame(pd.DataFrame([row])), "news", ACME, NOW, "news")


def test_naive_times_count_in_the_zone_that_is_named() -> None:
    frame = pd.DataFrame([{"published_at": "2021-07-01T09:30:00", "text": "x"}])
    told = Told(ticker="ACME", zone="America/New_York")
    assert texts(from_frame(frame), "news", told, NOW, "news").data[0].known_at == datetime(
        2021, 7, 1, 13, 30, tzinfo=UTC
    )
    with pytest.raises(DataError, match="'Mars/Base'"):
        texts(from_frame(frame), "news", Told(ticker="ACME", zone="Mars/Base"), NOW, "news")


def test_a_transcript_may_have_happened_before_it_was_published() -> None:
    row = {
        "published_at": "2021-03-02T10:00:00Z",
        "event_time": "2021-03-01T22:00:00Z",
        "transcript": "Hello.",
        "id": 7,
    }
    (call,) = texts(from_frame(pd.DataFrame([row])), "call", ACME, NOW, "calls").data
    assert (call.key, call.text("text")) == ("7", "Hello.")
    assert call.known_at - call.event_time == timedelta(hours=12)


def test_a_text_file_is_one_transcript(tmp_path: Path) -> None:
    path = tmp_path / "Q1.txt"
    path.write_text("Good afternoon.\n")
    (call,) = text_file(path, "call", "ACME", US.closing(date(2021, 3, 1)), NOW).data
    assert (call.text("title"), call.text("text")) == ("Q1", "Good afternoon.")
    path.write_text(" ")
    with pytest.raises(DataError, match="needs a text"):
        text_file(path, "call", "ACME", US.closing(date(2021, 3, 1)), NOW)


def test_poison_in_any_file_changes_nothing_before_it(tmp_path: Path) -> None:
    """Through every adapter that reads: rows after a random moment say something else."""
    rng = random.Random(3)
    for trial in range(10):
        at = rng.randrange(3, len(stores.DAYS) - 3)
        moment = US.closing(stores.DAYS[at])
        seen = []
        for name, bad in (("clean", False), ("bad", True)):
            store = MarketData(tmp_path / f"{name}{trial}", create=True)
            for batch in _batches(tmp_path / f"{name}{trial}-files", moment if bad else None):
                store.add(batch)
            seen.append(
                {ticker: observed(Market.from_store(store, ticker), moment) for ticker in store.tickers("price")}
            )
        assert seen[0] == seen[1]
        assert set(seen[0]) == {"CSV", "PARQ", "FRAME", "BENCH"}
        assert all(len(told) == at + 1 for told in seen[0].values())


def _batches(folder: Path, poison: datetime | None) -> list[Batch]:
    folder.mkdir()
    bad = [poison is not None and US.closing(day) > poison for day in stores.DAYS]
    closes = [100.0 + at * (-7 if wrong else 1) % 50 for at, wrong in enumerate(bad)]
    frame = pd.DataFrame({"date": [str(day) for day in stores.DAYS], "close": closes})
    frame.to_csv(folder / "p.csv", index=False)
    frame.to_parquet(folder / "p.parquet")
    said = ["POISON" if wrong else "fine" for wrong in bad]
    stamps = [US.closing(day).isoformat() for day in stores.DAYS]
    news = pd.DataFrame({"published_at": stamps, "text": said})
    bench = {
        str(day): {"prices": close, "news": [text], "10k": [text], "10q": []}
        for day, close, text in zip(stores.DAYS, closes, said, strict=True)
    }
    pd.Series(bench).to_json(folder / "bench.json")
    tables = {"CSV": from_csv(folder / "p.csv"), "PARQ": from_parquet(folder / "p.parquet"), "FRAME": from_frame(frame)}
    found = [prices(rows, Told(ticker=ticker), NOW, "test") for ticker, rows in tables.items()]
    found += [texts(from_frame(news), kind, Told(ticker="CSV"), NOW, "test") for kind in ("news", "call", "report")]
    return [*found, investorbench(folder / "bench.json", Told(), NOW)]
