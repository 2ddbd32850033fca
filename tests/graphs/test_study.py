"""The papers' experiments: what is run, what it's compared with, and what is said where data are missing."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from doxa.environments.published import ABLATIONS, INVESTORBENCH, PORTFOLIOS, STOCKS
from doxa.errors import DataError, NotFoundError, SpecError
from doxa.graphs.study import EPISODES, STUDIES, study
from doxa.graphs.study_data import Bundled, Files, study_data
from doxa.graphs.study_report import report
from doxa.graphs.sweep import swept
from doxa.memory import Home, Journal

SPEC = ""
SHARED = Path(__file__).parents[3] / "shared" / "data" / "investorbench"


def file(folder: Path, name: str, first: date, days: int) -> None:
    rows = {
        (first + timedelta(days=k)).isoformat(): {"prices": 100 + k % 17, "news": ["Strong profit."] * (k % 2)}
        for k in range(days)
    }
    (folder / f"{name}.json").write_text(json.dumps(rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    file(made, "msft", date(2020, 8, 20), 80)
    file(made, "btc", date(2023, 3, 10), 60)
    return made


def test_the_studies_are_the_papers() -> None:
    assert {case.task for case in STUDIES["stocks"]} == set(STOCKS)
    assert {case.task for case in STUDIES["portfolios"]} == set(PORTFOLIOS)
    assert {(c.task, c.variant) for c in STUDIES["ablations"]} == {
        (t, v) for t, rows in ABLATIONS.items() for v in rows
    }
    assert {case.task for case in STUDIES["investorbench"]} == set(INVESTORBENCH)
    for case in STUDIES["stocks"]:
        assert (case.windows.train.start, case.windows.test.end) == (date(2022, 1, 3), date(2023, 6, 10))


def test_what_the_data_lack_is_named_and_the_rest_is_run(folder: Path, tmp_path: Path) -> None:
    found = study("investorbench", Files(folder), repeats=2)
    assert [m.case.task for m in found.missing] == ["JNJ"]
    assert "no file for 'JNJ'" in found.missing[0].reason
    assert found.plan is not None
    assert [arm.label for arm in found.plan.arms] == [
        "case=MSFT, full seed=0",
        "case=MSFT, full seed=1",
        "case=BTC, full seed=0",
        "case=BTC, full seed=1",
    ]
    done = asyncio.run(swept(found.plan, tmp_path / "home"))
    with Journal.open(Home(tmp_path / "home"), write=False) as journal:
        told = report(found, done, journal)
    assert [(case.case.task, case.repeats, case.in_sample) for case in told.cases] == [
        ("MSFT", 2, False),
        ("BTC", 2, False),
    ]
    first = told.cases[0]
    assert first.tested == "2020-10-01..2020-11-07"
    assert {"buy and hold", "momentum 21"} == set(first.rivals)
    assert first.published["buy and hold"]["CR %"] == 15.340
    assert first.below is not None
    assert (first.calls, first.cost) == (pytest.approx(3, abs=0.1), 0.0)
    assert told.against["buy and hold"].pairs == 4
    again = asyncio.run(swept(found.plan, tmp_path / "home"))
    assert all(row.reused for row in again.rows)


def test_variants_leave_out_what_they_say() -> None:
    found = study("ablations", Bundled())
    assert found.plan is not None
    made = {arm.values["case"]: arm.load() for arm in found.plan.arms}
    full, risky, blind = (made[f"GOOG, {variant}"] for variant in ("full", "without CVaR", "without beliefs"))
    assert (len(full.graph.monitors), full.graph.critic is not None, full.episodes) == (1, True, EPISODES)
    assert (len(risky.graph.monitors), risky.graph.critic is not None, risky.episodes) == (0, True, EPISODES)
    assert (len(blind.graph.monitors), blind.graph.critic, blind.episodes) == (1, None, 1)


def test_stand_ins_and_cut_windows_are_said() -> None:
    found = study("portfolios", Bundled())
    assert "AMD stands in for TSLA, which the data don't have" in found.notes
    assert any("TSLA+MSFT+PFE: the test window is 2022-10-05..2022-12-28" in note for note in found.notes)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: study("bonds", Bundled()), SpecError, "no study 'bonds'"),
        (lambda: study("stocks", Bundled(), repeats=0), SpecError, "repeats is 0"),
        (lambda: study_data("no/such/folder"), NotFoundError, "no folder"),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        call()


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        study_data(tmp_path)


def test_the_command_prints_every_table(folder: Path, tmp_path: Path, doxa: Any) -> None:
    done = doxa("study", "investorbench", "--data", str(folder), "--home", str(tmp_path / "home"))
    assert done.code == 0, done.err
    for told in ("[buy and hold]", "15.340", "left out: JNJ", "momentum 21", "rank test", "no LLM"):
        assert told in " ".join(done.out.split()), told
    told = doxa("study", "investorbench", "--data", str(folder), "--home", str(tmp_path / "home"), "--json").json
    assert [case["task"] for case in told[0]["cases"]] == ["MSFT", "BTC"]
    assert doxa("study", "bonds", "--home", str(tmp_path / "home")).code == 2
    assert doxa("study", "stocks", "--data", str(folder), "--home", str(tmp_path / "home")).code == 2


@pytest.mark.skipif(not SHARED.is_dir(), reason="the INVESTORBENCH files aren't beside this checkout")
def test_buying_and_holding_is_the_papers_row() -> None:
    data = Files(SHARED)
    for asset, rows in INVESTORBENCH.items():
        case = next(c for c in STUDIES["investorbench"] if c.task == asset)
        found = study("investorbench", data)
        assert found.plan is not None
        arm = next(a for a in found.plan.arms if a.values["case"] == f"{asset}, full")
        market = arm.load().evaluation
        assert market is not None
        metrics = market.metrics(market.compared(0)["buy and hold"])
        expected = rows["buy and hold"]
        assert [round(metrics[name] or 0, 3) for name in ("CR %", "Sharpe", "MDD %")] == [
            expected.cr,
            expected.sharpe,
            expected.mdd,
        ], case
