"""Trading over a store: what every day shows, and that it shows nothing that came later."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import stores

from doxa.environments import Market, Observation, buy_and_hold, check_environment
from doxa.environments.datum import Batch, Datum
from doxa.environments.exchange import CRYPTO, US
from doxa.environments.imports import Told, investorbench
from doxa.errors import DataError

pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")

SHARED = Path(__file__).parents[2].resolve().parent / "shared" / "data" / "investorbench"


def observed(market: Market, until: datetime) -> list[tuple[Any, ...]]:
    """Everything agents could read up to a moment, byte for byte."""
    observation = market.reset(0)
    found = []
    while observation.as_of is not None and observation.as_of <= until:
        found.append(_told(observation))
        result = market.step("buy")
        observation = result.observation
        if result.over:
            break
    return found


def _told(observation: Observation) -> tuple[Any, ...]:
    texts = [(name, view.text, view.event_time, view.known_at) for name, view in observation.views.items()]
    return (observation.as_of, texts, observation.digest())


def text_of(told: tuple[Any, ...], source: str) -> str:
    return next(text for name, text, *_ in told[1] if name == source)


def market(tmp_path: Path, *data: Datum, **settings: Any) -> Market:
    return Market.from_store(stores.store_of(tmp_path, data), "ACME", **settings)


def at_close(found: Market, steps: int) -> Observation:
    observation = found.reset(0)
    for _ in range(steps):
        observation = found.step("hold").observation
    return observation


def test_poison_after_any_moment_changes_nothing_up_to_it(tmp_path: Path) -> None:
    """Fifty random moments; every kind and source; changed, restated and added data."""
    rng = random.Random(0)
    for trial in range(50):
        data = stores.everything(trial % 5)
        moment = US.closing(rng.choice(stores.DAYS[2:-2])) + timedelta(seconds=rng.randrange(86_400))
        clean = stores.store_of(tmp_path / f"clean{trial % 5}", data)
        dirty = stores.store_of(tmp_path / f"dirty{trial}", stores.poisoned(data, moment, rng))
        seen = [observed(Market.from_store(s, "ACME", sources=stores.SOURCES), moment) for s in (clean, dirty)]
        assert seen[0] == seen[1]
        assert len(seen[0]) >= 2
        assert "POISON" not in str(seen[1])


def test_the_poison_is_poison(tmp_path: Path) -> None:
    """The test above can fail: after the moment, every source shows it."""
    data, moment = stores.everything(), US.closing(stores.DAYS[10])
    dirty = stores.poisoned(data, moment, random.Random(0))
    markets = [
        Market.from_store(stores.store_of(tmp_path / n, d), "ACME", sources=stores.SOURCES)
        for n, d in (("clean", data), ("dirty", dirty))
    ]
    seen = [observed(m, stores.NOW) for m in markets]
    changed = {
        name
        for clean, bad in zip(*seen, strict=True)
        for name in stores.SOURCES
        if text_of(clean, name) != text_of(bad, name)
    }
    assert changed == set(stores.SOURCES)


def test_it_keeps_the_promises_of_an_environment(tmp_path: Path) -> None:
    made = stores.store_of(tmp_path, stores.everything())
    check_environment(partial(Market.from_store, made, "ACME", sources=stores.SOURCES), steps=30)


def test_prices_count_from_the_close_and_news_from_publication(tmp_path: Path) -> None:
    first, second, third = stores.DAYS[:3]
    evening = stores.text("news", "a", US.closing(first) + timedelta(minutes=1), text="after the bell")
    morning = stores.text("news", "b", US.closing(second), text="at the bell")
    found = market(tmp_path, *(stores.price(day, 10.0) for day in (first, second, third)), evening, morning)
    observation = found.reset(0)
    assert observation.as_of == US.closing(first)
    assert observation.views["news"].text.splitlines() == [f"No news came up to the close of {first}.", "items: 0"]
    shown = found.step("hold").observation.views["news"]
    assert shown.text.splitlines()[1:] == ["- at the bell", "- after the bell", "items: 2"]
    assert shown.known_at == US.closing(second)


def test_a_filing_counts_from_its_acceptance(tmp_path: Path) -> None:
    first, second = stores.DAYS[:2]
    accepted = US.closing(first) + timedelta(seconds=1)
    filing = replace(
        stores.text("filing", "f", accepted, form="10-K", text="Sales grew."),
        event_time=datetime(2020, 12, 31, tzinfo=UTC),
    )
    found = market(
        tmp_path,
        stores.price(first, 10.0),
        stores.price(second, 10.0),
        filing,
        sources=["prices", "filings", "filings_10q"],
    )
    assert found.reset(0).views["filings"].text.splitlines()[1:] == ["No 10-K so far.", "No 10-Q so far."]
    views = found.step("hold").observation.views
    assert views["filings"].text.splitlines()[1:] == [
        "10-K of 2021-03-01:",
        "- Sales grew.",
        "No 10-Q so far.",
        "days_since_10k: 0",
    ]
    assert views["filings"].event_time == datetime(2020, 12, 31, tzinfo=UTC)
    assert "Sales" not in views["filings_10q"].text


def test_gaps_are_said(tmp_path: Path) -> None:
    """A missing day, a day without a close, a filing without its section, no transcript, no report."""
    monday, tuesday, wednesday, thursday = stores.DAYS[:4]
    nothing = replace(stores.price(wednesday, 1.0), values={"exchange": "us"})
    filing = stores.text("filing", "f", US.closing(monday), form="10-Q", gap="no item 2 was found in it")
    found = market(
        tmp_path,
        stores.price(monday, 10.0),
        nothing,
        stores.price(thursday, 11.0),
        filing,
        sources=["prices", "filings", "calls", "reports"],
    )
    first = found.reset(0).views
    assert "Gap" not in first["prices"].text
    assert "Gap in the data: the 10-Q of 2021-03-01 can't be shown: no item 2 was found in it" in first["filings"].text
    assert first["calls"].text == "No transcript of an earnings call on ACME so far."
    assert first["reports"].text == "No research report on ACME so far."
    said = found.step("hold").observation.views["prices"].text
    assert f"Gap in the data: no price was known by the close of {tuesday}, {wednesday};" in said


def test_weekends_and_holidays_are_no_gaps(tmp_path: Path) -> None:
    days = [date(2021, 4, 1), date(2021, 4, 5)]  # Good Friday and a weekend between them
    found = market(tmp_path, *(stores.price(day, 10.0) for day in days))
    assert "Gap" not in at_close(found, 1).views["prices"].text


def test_a_restated_price_shows_from_when_it_was_known(tmp_path: Path) -> None:
    days = stores.DAYS[:4]
    late = stores.price(days[0], 20.0, US.closing(days[1]) + timedelta(hours=1))
    found = market(tmp_path, *(stores.price(day, 10.0) for day in days), late)
    closes = [at_close(found, steps).views["prices"].features for steps in range(4)]
    assert [features["close"] for features in closes] == [10, 10, 10, 10]
    assert closes[1]["close_1"] == 10
    assert closes[2]["close_2"] == 20


def test_a_split_is_neither_loss_nor_gain(tmp_path: Path) -> None:
    """On the day of a 2:1 split the source halves what it said before; the position lost nothing."""
    first, second, third = stores.DAYS[:3]
    restated = stores.price(first, 5.0, US.closing(second))
    found = market(tmp_path, stores.price(first, 10.0), stores.price(second, 5.0), stores.price(third, 5.0), restated)
    found.reset(0)
    result = found.step("buy")
    assert result.reward == 0.0
    assert (result.info["price"], result.info["next_price"]) == (5.0, 5.0)
    assert result.observation.views["prices"].features["momentum_1"] == 0.0


@pytest.mark.parametrize("ratio", [2.0, 0.1])
def test_closes_that_nobody_adjusted_are_divided_by_a_stored_split(tmp_path: Path, ratio: float) -> None:
    days = stores.DAYS[:4]
    moment = US.closing(days[2])
    split = Datum("split", "ACME", str(days[2]), moment, moment, {"ratio": ratio})
    closes = [10.0, 10.0, 10 / ratio, 11 / ratio]
    found = market(tmp_path, *(stores.price(day, close) for day, close in zip(days, closes, strict=True)), split)
    assert at_close(found, 1).views["prices"].features["close_1"] == 10
    result = found.step("buy")
    assert result.reward == 0.0
    shown = result.observation.views["prices"]
    assert shown.features["momentum_1"] == 0.0
    assert shown.features["close_2"] == 10 / ratio
    assert f"A {ratio:g}-for-1 split took effect" in shown.text
    result = found.step("buy")
    assert result.reward == pytest.approx(math.log(1.1))
    assert "split" not in result.observation.views["prices"].text


def test_closes_that_are_adjusted_are_not_divided_again(tmp_path: Path) -> None:
    moment = US.closing(stores.DAYS[1])
    split = Datum("split", "ACME", str(stores.DAYS[1]), moment, moment, {"ratio": 2.0})
    found = market(tmp_path, *(stores.price(day, 10.0) for day in stores.DAYS[:3]), split)
    found.reset(0)
    result = found.step("buy")
    assert (result.reward, result.info["price"]) == (0.0, 10.0)
    assert "split" not in result.observation.views["prices"].text


def test_a_price_that_came_late_is_never_traded_on(tmp_path: Path) -> None:
    first, second, third = stores.DAYS[:3]
    late = stores.price(second, 99.0, US.closing(second) + timedelta(seconds=1))
    found = market(tmp_path, stores.price(first, 10.0), late, stores.price(third, 10.0))
    assert found.spec.max_steps == 1
    assert "99" not in at_close(found, 1).views["prices"].text


def test_a_late_price_of_a_calendar_that_is_not_known_stays_unknown(tmp_path: Path) -> None:
    """Whether the second day was one at all is told only after the third: the third may not say it is missing."""
    first, second, third = stores.DAYS[:3]
    said: dict[str, Any] = {"exchange": "America/New_York@16:00"}
    late = stores.price(second, 99.0, US.closing(third) + timedelta(seconds=1), **said)
    found = market(tmp_path, stores.price(first, 10.0, **said), late, stores.price(third, 10.0, **said))
    assert "Gap" not in at_close(found, 1).views["prices"].text


def test_adjusted_or_plain_closes(tmp_path: Path) -> None:
    data = [stores.price(day, 10.0, adjusted=5.0) for day in stores.DAYS[:2]]
    store = stores.store_of(tmp_path, data)
    assert Market.from_store(store, "ACME").reset(0).views["prices"].features["close"] == 5
    assert Market.from_store(store, "ACME", price="close").reset(0).views["prices"].features["close"] == 10
    with pytest.raises(DataError, match="choose from adjusted, close"):
        Market.from_store(store, "ACME", price="open")  # type: ignore[arg-type]


def test_sources_are_those_asked_for_or_those_there_are(tmp_path: Path) -> None:
    news = stores.text("news", "n", US.closing(stores.DAYS[0]), text="x")
    store = stores.store_of(tmp_path, [*(stores.price(day, 10.0) for day in stores.DAYS[:3]), news])

    def names(**settings: Any) -> list[str]:
        return [source.name for source in Market.from_store(store, "ACME", **settings).spec.sources]

    assert names() == ["prices", "news"]
    assert names(sources=["calls", "prices"]) == ["prices", "calls"]
    with pytest.raises(DataError, match="did you mean 'filings_10k'"):
        names(sources=["filings_10kk"])
    with pytest.raises(DataError, match="give a list"):
        names(sources="news")


def test_currencies_that_differ_are_refused(tmp_path: Path) -> None:
    first, second = stores.DAYS[:2]
    with pytest.raises(DataError, match="prices in EUR and USD"):
        market(tmp_path, stores.price(first, 10.0), stores.price(second, 10.0, currency="EUR"))


def test_a_delisted_asset_ends_where_its_prices_do(tmp_path: Path) -> None:
    data = [stores.price(day, 10.0) for day in stores.DAYS[:5]]
    assert market(tmp_path, *data).spec.parameters["end"] == str(stores.DAYS[4])
    with pytest.raises(DataError, match=r"end 2021-04-16 is outside the data; choose 2021-03-01\.\.2021-03-05"):
        market(tmp_path, *data, end="2021-04-16")


def test_the_digest_covers_what_was_known_by_the_end_and_nothing_else(tmp_path: Path) -> None:
    data = stores.everything()
    end = stores.DAYS[-5]
    rng = random.Random(1)
    clean = market(tmp_path / "a", *data, end=end, sources=stores.SOURCES).spec
    later = market(tmp_path / "b", *stores.poisoned(data, US.closing(end), rng), end=end, sources=stores.SOURCES).spec
    earlier = market(tmp_path / "c", *stores.poisoned(data, US.closing(stores.DAYS[5]), rng), end=end).spec
    assert clean == later
    assert clean.parameters["data"] != earlier.parameters["data"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data set of INVESTORBENCH isn't there")
@pytest.mark.parametrize(("asset", "place"), [("msft", US), ("jnj", US), ("btc", CRYPTO)])
def test_investorbench_through_the_store_is_investorbench(tmp_path: Path, asset: str, place: Any) -> None:
    path = SHARED / f"{asset}.json"
    store = stores.store_of(tmp_path, ())
    added = store.add(investorbench(path, Told(currency="USD"), stores.NOW))
    assert added.new > 500
    assert store.add(investorbench(path, Told(currency="USD"), stores.NOW)).new == 0
    window = {"start": "2020-10-01", "end": "2021-05-05"} if asset != "btc" else {}
    direct, stored = Market.from_investorbench(path, **window), Market.from_store(store, asset.upper(), **window)
    rewards = [buy_and_hold(found).rewards for found in (direct, stored)]
    assert rewards[0] == rewards[1]
    assert direct.metrics(rewards[0]) == stored.metrics(rewards[1])
    assert stored.reset(0).as_of == place.closing(date.fromisoformat(stored.spec.parameters["start"]))
    content = json.loads(path.read_text())
    if asset != "btc":
        form = "10-K of 2021-02-22" if asset == "jnj" else "10-K of 2020-07-30"
        assert form in at_close(stored, stored.spec.max_steps - 1).views["filings"].text
    day = stored.spec.parameters["start"]
    assert stored.reset(0).views["news"].features["items"] == len([n for n in content[day]["news"] if n.strip()])


def test_batches_without_their_own_times_restate_when_fetched(tmp_path: Path) -> None:
    store = stores.store_of(tmp_path, [stores.price(day, 10.0) for day in stores.DAYS[:5]])
    fetched = US.closing(stores.DAYS[2]) + timedelta(hours=2)
    store.add(Batch((stores.price(stores.DAYS[1], 30.0),), fetched))
    closes = [at_close(Market.from_store(store, "ACME"), n).views["prices"].features for n in (2, 3)]
    assert [closes[0]["close_1"], closes[1]["close_2"]] == [10, 30]
