"""The store: what goes in, what can be read when, and what happens to what is damaged."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stores
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doxa.environments.data import MarketData
from doxa.environments.datum import KINDS, Batch, Datum
from doxa.environments.exchange import US
from doxa.environments.timeline import Timeline
from doxa.errors import DataError

pa = pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")

DAY = date(2021, 3, 1)
CLOSE = US.closing(DAY)
LATER = CLOSE + timedelta(days=10)


def store(folder: Path, *data: Datum, dated: bool = False, retrieved_at: datetime = stores.NOW) -> MarketData:
    made = MarketData(folder, create=True)
    made.add(Batch(data, retrieved_at, dated, covered=retrieved_at))
    return made


def test_a_price_is_known_at_the_close_and_not_before(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    assert made.known("price", "ACME", as_of=CLOSE - timedelta(microseconds=1)).data == ()
    (datum,) = made.known("price", "ACME", as_of=CLOSE).data
    assert (datum.number("close"), datum.number("adjusted"), datum.text("currency")) == (10.0, None, "USD")
    assert (datum.event_time, datum.known_at, datum.source) == (CLOSE, CLOSE, "test")


def test_a_restated_price_is_a_new_datum(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    assert made.add(Batch((stores.price(DAY, 5.0),), LATER)).restated == 1
    assert made.known("price", "ACME", as_of=LATER - timedelta(seconds=1)).current()[0].number("close") == 10.0
    assert made.known("price", "ACME", as_of=LATER).current()[0].number("close") == 5.0
    assert len(made.known("price", "ACME", as_of=LATER).data) == 2


def test_rounding_is_no_restatement(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    assert made.add(Batch((stores.price(DAY, 10.000001),), LATER)).same == 1


def test_a_value_that_cannot_be_placed_in_time_is_refused(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    with pytest.raises(DataError, match="which isn't later"):
        made.add(Batch((stores.price(DAY, 5.0),), CLOSE))
    with pytest.raises(DataError, match="two different values"):
        made.add(Batch((stores.price(DAY, 5.0),), LATER, dated=True))
    assert len(made.known("price", "ACME", as_of=CLOSE).data) == 1


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_parts_in_any_order_and_again_make_the_same_store(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random, parts: int
) -> None:
    """Of data that state their own ``known_at``, the store is a set: order, repeats and portions don't matter."""
    data = [datum for datum in stores.everything(1) if datum.kind in ("price", "news")][:40]
    whole = stores.store_of(tmp_path_factory.mktemp("whole"), data)
    other = MarketData(tmp_path_factory.mktemp("parts"), create=True)
    shuffled = [*data, *rng.sample(data, 10)]
    rng.shuffle(shuffled)
    for part in range(parts):
        other.add(Batch(tuple(shuffled[part::parts]), stores.NOW, dated=True))
    assert whole.latest == other.latest
    assert whole.latest is not None
    for kind in ("price", "news"):
        assert whole.known(kind, "ACME", as_of=whole.latest) == other.known(kind, "ACME", as_of=whole.latest)


def test_the_same_again_does_not_touch_a_file(tmp_path: Path) -> None:
    data = stores.everything()
    stores.store_of(tmp_path, data)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.glob("*/*.parquet")}
    assert len(before) == len(KINDS)
    again = MarketData(tmp_path).add(Batch(tuple(data), stores.NOW, dated=True))
    assert (again.new, again.restated, again.same) == (0, 0, len(data))
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.glob("*/*.parquet")}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 10**7), st.sampled_from(KINDS), st.integers(0, 10**6))
def test_no_query_returns_later_data(tmp_path: Path, seconds: int, kind: Any, seed: int) -> None:
    """Poison everything known after a moment: what is read as of it, or of anything earlier, stays the same."""
    moment = CLOSE + timedelta(seconds=seconds)
    clean = _cached(tmp_path / "clean", stores.everything())
    dirty = MarketData(tmp_path / f"{seed}-{seconds}-{kind}", create=True)
    bad = [d for d in stores.poisoned(stores.everything(), moment, random.Random(seed)) if d.kind == kind]
    end = max((d.known_at for d in bad), default=moment)
    dirty.add(Batch(tuple(bad), stores.NOW, dated=True, covered=max(end, stores.NOW)))
    as_of = min(moment, clean.latest or moment)
    found = dirty.known(kind, "ACME", as_of=as_of)
    assert found == clean.known(kind, "ACME", as_of=as_of)
    assert all(datum.known_at <= as_of for datum in found.data)


def _cached(folder: Path, data: list[Datum]) -> MarketData:
    return MarketData(folder) if folder.exists() else stores.store_of(folder, data)


def test_a_timeline_cannot_hold_what_came_later() -> None:
    datum = stores.price(DAY, 10.0)
    with pytest.raises(DataError, match="after as_of"):
        Timeline((datum,), CLOSE - timedelta(seconds=1))
    with pytest.raises(DataError, match="later than this timeline's"):
        Timeline((datum,), CLOSE).at(LATER)


def test_the_future_is_refused_and_the_latest_named(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0), retrieved_at=CLOSE + timedelta(hours=1))
    with pytest.raises(DataError, match=r"is in the future of this store, .*2021-03-01T22:00:00\+00:00"):
        made.known("price", "ACME", as_of=CLOSE + timedelta(hours=1, seconds=1))
    with pytest.raises(DataError, match="is empty"):
        MarketData(tmp_path / "empty", create=True).known("price", "ACME", as_of=CLOSE)


@pytest.mark.parametrize("moment", [datetime(2021, 3, 1), None, "2021-03-01"])  # noqa: DTZ001
def test_naive_and_missing_clocks_are_refused(tmp_path: Path, moment: Any) -> None:
    with pytest.raises(DataError, match="time zone"):
        store(tmp_path, stores.price(DAY, 10.0)).known("price", "ACME", as_of=moment)
    with pytest.raises(DataError, match="known_at is"):
        replace(stores.price(DAY, 10.0), known_at=moment)


def test_what_is_known_before_it_happens_is_refused() -> None:
    with pytest.raises(DataError, match="before event_time"):
        stores.price(DAY, 10.0, CLOSE - timedelta(seconds=1))


def test_a_day_that_has_not_closed_is_refused(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    with pytest.raises(DataError, match="hasn't closed has no close"):
        made.add(Batch((stores.price(date(2021, 3, 2), 10.0),), CLOSE + timedelta(hours=1)))


@pytest.mark.parametrize("close", [0.0, -1.0, float("inf"), True, "10"])
def test_what_is_no_price_is_refused(close: Any) -> None:
    with pytest.raises(DataError, match="above zero"):
        stores.price(DAY, close)


@pytest.mark.parametrize("ticker", ["", "../x", "a b", "acme", ".X", "X" * 33, "A/B"])
def test_what_is_no_ticker_is_refused(tmp_path: Path, ticker: str) -> None:
    with pytest.raises(DataError, match="capital letters"):
        store(tmp_path, stores.price(DAY, 10.0)).known("price", ticker, as_of=CLOSE)


def test_unknown_tickers_kinds_and_values_are_refused(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    with pytest.raises(DataError, match="choose from ACME"):
        made.known("price", "ACMF", as_of=CLOSE)
    with pytest.raises(DataError, match="did you mean 'price'"):
        made.known("prices", "ACME", as_of=CLOSE)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="did you mean 'close'"):
        stores.price(DAY, 10.0, clsoe=3.0)


def test_a_datum_without_known_at_is_never_shown(tmp_path: Path) -> None:
    """Somebody else's file may hold one; nobody can say when it may be seen."""
    made = store(tmp_path, stores.price(DAY, 10.0), stores.price(date(2021, 3, 2), 11.0))
    path = tmp_path / "price" / "ACME.parquet"
    table = pa.parquet.read_table(path)
    times = table["known_at"].to_pylist()
    nulled = pa.array([None, times[1]], pa.timestamp("us", tz="UTC"))
    pa.parquet.write_table(table.set_column(table.schema.get_field_index("known_at"), "known_at", nulled), path)
    (datum,) = made.known("price", "ACME", as_of=LATER).data
    assert datum.key == "2021-03-02"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    path = tmp_path / "price" / "ACME.parquet"
    for content in (path.read_bytes()[:-20], b"", b"PAR1 nonsense"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"price.ACME\.parquet: damaged"):
            made.known("price", "ACME", as_of=CLOSE)


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    made = store(tmp_path, stores.price(DAY, 10.0))
    path = tmp_path / "price" / "ACME.parquet"
    table = pa.parquet.read_table(path)
    told = {b"doxa.format": b"2", b"doxa.covered": CLOSE.isoformat().encode()}
    pa.parquet.write_table(table.replace_schema_metadata(told), path)
    with pytest.raises(DataError, match="newer version of Doxa"):
        made.known("price", "ACME", as_of=CLOSE)
    (tmp_path / "store.json").write_text('{"format": 2}')
    with pytest.raises(DataError, match="newer version of Doxa"):
        MarketData(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": "x"}'])
def test_a_damaged_marker_is_named(tmp_path: Path, content: str) -> None:
    store(tmp_path, stores.price(DAY, 10.0))
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(DataError, match=r"store\.json"):
        MarketData(tmp_path)


def test_a_folder_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(DataError, match="other things in it"):
        MarketData(tmp_path, create=True)
    with pytest.raises(DataError, match="no data store there"):
        MarketData(tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
sys.path.insert(0, {tests!r})
import stores
from doxa.environments.data import MarketData
from doxa.environments.datum import Batch
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL) if {count} == next(calls) else None
calls = iter(range(100))
MarketData({folder!r}).add(Batch(tuple(stores.everything(2)), stores.NOW, dated=True))
"""


@pytest.mark.parametrize("count", [0, 3])
def test_a_fetch_that_is_killed_leaves_the_store_whole(tmp_path: Path, count: int) -> None:
    """Killed while a file is being written: the file is the old one, and the same fetch completes the store."""
    data = stores.everything(2)
    stores.store_of(tmp_path, data[:1])
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path), count=count)
    done = subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ), capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len(list(tmp_path.glob("*/*.tmp"))) == 1
    killed = MarketData(tmp_path)
    assert killed.known("price", "ACME", as_of=CLOSE).data == tuple(data[:1])
    assert len(killed.holdings()) == max(1, count)
    killed.add(Batch(tuple(data), stores.NOW, dated=True))
    assert not list(tmp_path.glob("*/*.tmp"))
    whole = stores.store_of(tmp_path / "whole", data)
    assert killed.latest == whole.latest
    assert {h.kind: h.versions for h in killed.holdings()} == {h.kind: h.versions for h in whole.holdings()}
