"""Runs on market data: nothing of the future reaches a prompt, and the published figures come out."""

from __future__ import annotations

import asyncio
import csv
import json
import math
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from doxa import Analyst, ConceptualCritic, CVaRMonitor, Experiment, Manager, Market, evaluate, hierarchy, train
from doxa.environments.protocol import EnvironmentSpec
from doxa.graphs import EpisodeGraph
from doxa.memory import Home, Journal

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "investorbench"
WORDS = ("profit", "loss", "fraud", "growth", "lawsuit", "record", "weak", "strong", "dividend", "warning")


def team(spec: EnvironmentSpec) -> EpisodeGraph:
    analysts = [Analyst(f"{source.name}-analyst", source=source.name) for source in spec.sources]
    return hierarchy(Manager(), analysts, CVaRMonitor(minimum=5), ConceptualCritic())


def market_file(path: Path, days: int, *, poisoned_from: int | None = None) -> Path:
    """Seeded prices, news and filings; from ``poisoned_from`` on every datum is another one."""
    rng, price, data = random.Random(5), 100.0, {}
    for i in range(days):
        price *= math.exp(rng.gauss(0.001, 0.02))
        news = [f"{rng.choice(WORDS)} and {rng.choice(WORDS)} at the firm"] * rng.randrange(3)
        filing = [f"Annual report: {rng.choice(WORDS)}."] if i % 40 == 0 else []
        record = {"prices": price, "news": news, "10k": filing, "10q": []}
        if poisoned_from is not None and i >= poisoned_from:
            record = {"prices": 10_000 / price, "news": ["POISON"], "10k": ["POISON"], "10q": ["POISON"]}
        data[(date(2021, 1, 1) + timedelta(days=i)).isoformat()] = record
    path.write_text(json.dumps(data))
    return path


def heard(home: Path, run: str, days: int) -> list[tuple[str, str, str, str]]:
    """Every prompt and every answer of the first days of the first episode."""
    with Journal.open(Home(home), write=False) as journal:
        calls = [e for e in journal.events(run, kind="call", episode=0) if int(e.key[:6]) < days]
        told = [
            (e.key, journal.text(m[0][1]), journal.text(m[1][1]), e.payload["reply"])
            for e in calls
            for m in [e.payload["messages"]]
        ]
    return sorted(told)


@pytest.mark.parametrize("poisoned", [1, 23, 41, 58])
def test_a_poisoned_future_changes_nothing_before_it(tmp_path: Path, poisoned: int) -> None:
    """Every datum after day t is changed; prompts and decisions up to t are byte-identical."""
    told = []
    for name, start in (("clean", None), ("poisoned", 20 + poisoned)):
        market = Market.from_investorbench(
            market_file(tmp_path / f"{name}.json", 80, poisoned_from=start), asset="X", start="2021-01-21"
        )
        experiment = Experiment(market, team(market.spec), episodes=1, name="poison")
        run = asyncio.run(train(experiment, tmp_path / name))
        told.append(heard(tmp_path / name, run.id, poisoned))
    clean, other = told
    assert len(clean) == poisoned * 4
    assert clean == other
    assert not any("POISON" in system + user for _, system, user, _ in clean)


def test_beliefs_of_a_later_time_are_left_out_of_an_earlier_episode(tmp_path: Path) -> None:
    file = market_file(tmp_path / "x.json", 120)
    late = Market.from_investorbench(file, start="2021-02-20")
    early = Market.from_investorbench(file, start="2021-01-10", end="2021-02-10")
    after = Market.from_investorbench(file, start="2021-04-20")
    trained = asyncio.run(train(Experiment(late, team(late.spec), episodes=3, name="late", evaluation=early), tmp_path))
    in_sample = [episode.in_sample for episode in trained.episodes]
    assert trained.episodes[2].beliefs > 0
    assert in_sample == [False, False, True, False]
    assert trained.in_sample
    assert trained.episodes[3].beliefs == 0
    later = asyncio.run(evaluate(Experiment(after, team(after.spec), name="after"), tmp_path, parent=trained.id))
    assert later.episodes[0].beliefs == 0, "known at the end of training, which is after the start"
    with Journal.open(Home(tmp_path), write=False) as journal:
        [record] = journal.events(trained.id, kind="propagation", episode=3)
    assert "time: known at" in json.dumps(record.payload)


@pytest.mark.parametrize(
    ("asset", "start", "end", "published"),
    [
        ("msft", "2020-10-01", "2021-05-05", (15.340, 1.039, 24.980, 9.428)),
        ("jnj", "2020-10-01", "2021-05-05", (13.895, 1.343, 17.500, 9.847)),
        ("btc", "2023-04-05", "2023-11-05", (21.822, 0.990, 37.426, 20.796)),
    ],
)
def test_evaluation_shows_the_published_buy_and_hold(
    tmp_path: Path, asset: str, start: str, end: str, published: tuple[float, ...]
) -> None:
    """INVESTORBENCH's buy and hold rows (arXiv 2412.18174): CR %, SR, AV %, MDD %."""
    if not DATA.is_dir():
        pytest.skip(f"the INVESTORBENCH files aren't at {DATA}")
    market = Market.from_investorbench(DATA / f"{asset}.json", start=start, end=end)
    run = asyncio.run(evaluate(Experiment(market, team(market.spec), name=asset), tmp_path))
    row = run.episodes[0].baselines["buy and hold"]
    assert [round(row[name] or 0, 3) for name in ("CR %", "Sharpe", "AV %", "MDD %")] == list(published)


def test_a_csv_is_enough(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["date", "price"])
        table.writerows([(date(2021, 1, 1) + timedelta(days=i)).isoformat(), 100 + i % 7] for i in range(40))
    market = Market.from_csv(tmp_path / "x.csv")
    run = asyncio.run(evaluate(Experiment(market, team(market.spec)), tmp_path / "home"))
    assert run.episodes[0].steps == 39
