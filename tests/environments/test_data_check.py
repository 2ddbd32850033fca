"""What a look through a store finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import stores

from doxa.environments.data import MarketData
from doxa.environments.data_check import Finding, check
from doxa.environments.datum import Batch, Datum
from doxa.environments.exchange import US

pa = pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")

DAYS = stores.DAYS


def checked(folder: Path, *data: Datum) -> tuple[Finding, ...]:
    return check(stores.store_of(folder, data))


def steady(ticker: str = "ACME", days: list[date] = DAYS, close: float = 10.0, **values: str | float) -> list[Datum]:
    return [replace(stores.price(day, close, **values), ticker=ticker) for day in days]


def test_a_clean_store_says_nothing(tmp_path: Path) -> None:
    assert checked(tmp_path, *steady()) == ()


def test_missing_days(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, *steady(days=DAYS[:4] + DAYS[6:]))
    assert (found.status, found.kind, found.ticker) == ("warn", "price", "ACME")
    assert found.told == f"2 exchange days missing, {DAYS[4]}, {DAYS[5]}"


def test_days_of_a_calendar_that_is_not_known_are_those_of_the_others(tmp_path: Path) -> None:
    place = {"exchange": "Europe/London@16:30"}
    data = [*steady("A.L", DAYS[:3] + DAYS[4:], **place), *steady("B.L", **place)]
    assert [found.told for found in checked(tmp_path, *data)] == [f"1 exchange days missing, {DAYS[3]}"]


def test_days_without_a_close(tmp_path: Path) -> None:
    empty = replace(stores.price(DAYS[3], 1.0), values={"exchange": "us"})
    (found,) = checked(tmp_path, *steady(days=DAYS[:3] + DAYS[4:]), empty)
    assert found.told == f"1 days without a close (NaN), {DAYS[3]}"


@pytest.mark.parametrize(
    ("ratio", "said"), [(0.5, "-50% on .*, like a 2:1 split"), (10.0, "900% on .*, like a 10:1 reverse")]
)
def test_a_split_that_is_not_accounted_for(tmp_path: Path, ratio: float, said: str) -> None:
    data = [*steady(days=DAYS[:5]), *steady(days=DAYS[5:], close=10 * ratio)]
    (found,) = checked(tmp_path / "a", *data)
    assert pytest.importorskip("re").search(said, found.told)
    assert "No such split is stored" in found.remedy
    closing = US.closing(DAYS[5])
    split = Datum("split", "ACME", str(DAYS[5]), closing, closing, {"ratio": 1 / ratio})
    assert checked(tmp_path / "b", *data, split) == ()
    wrong = replace(split, values={"ratio": ratio})
    assert len(checked(tmp_path / "c", *data, wrong)) == 1


def test_adjusted_closes_account_for_a_split(tmp_path: Path) -> None:
    data = [*steady(days=DAYS[:5], adjusted=5.0), *steady(days=DAYS[5:], close=5.0, adjusted=5.0)]
    assert checked(tmp_path, *data) == ()


def test_currencies_that_differ(tmp_path: Path) -> None:
    one = [*steady(days=DAYS[:5]), *steady(days=DAYS[5:], currency="EUR")]
    assert {found.told for found in checked(tmp_path / "a", *one) if found.status == "fail"} == {
        "prices in EUR and USD"
    }
    (found,) = checked(tmp_path / "b", *steady("A"), *steady("B", currency="EUR"))
    assert (found.status, found.told) == ("warn", "several currencies: EUR: B; USD: A")


def test_a_delisted_tail(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, *steady("OLD", DAYS[:10]), *steady("NEW"))
    assert found.ticker == "OLD"
    assert found.told.startswith(f"ends on {DAYS[9]}, {len(DAYS) - 10} trading days before others")


def test_filings_without_their_section(tmp_path: Path) -> None:
    filing = stores.text("filing", "0001", US.closing(DAYS[0]), form="10-K", gap="no item 7")
    (found,) = checked(tmp_path, *steady(), filing)
    assert (found.kind, found.told) == ("filing", "1 without a text, 0001")


def test_wrong_times_and_duplicates_in_somebody_elses_file(tmp_path: Path) -> None:
    stores.store_of(tmp_path, steady())
    path = tmp_path / "price" / "ACME.parquet"
    table = pa.parquet.read_table(path)
    times = table["known_at"].to_pylist()
    times[0], times[1] = None, times[1] - timedelta(hours=1)
    column = pa.array(times, pa.timestamp("us", tz="UTC"))
    table = table.set_column(table.schema.get_field_index("known_at"), "known_at", column)
    pa.parquet.write_table(pa.concat_tables([table, table.slice(5, 1)]), path)
    told = [found.told for found in check(MarketData(tmp_path)) if found.status == "fail"]
    assert told == [
        "1 without known_at or event_time",
        f"1 known before they happened, {DAYS[1]}",
        f"1 there twice with one known_at, {DAYS[5]}",
    ]


def test_a_damaged_file_is_a_finding(tmp_path: Path) -> None:
    stores.store_of(tmp_path, [*steady(), *steady("BETA")])
    (tmp_path / "price" / "ACME.parquet").write_bytes(b"nonsense")
    (found,) = check(MarketData(tmp_path))
    assert (found.status, found.ticker) == ("fail", "ACME")
    assert "damaged" in found.told


def test_an_empty_store_is_clean(tmp_path: Path) -> None:
    store = MarketData(tmp_path, create=True)
    store.add(Batch((), stores.NOW))
    assert check(store) == ()
