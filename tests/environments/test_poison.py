"""Poison in what the network says after a moment: nothing that agents see up to it changes."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import stores
import test_edgar
import test_yahoo
from loopback import serving
from test_stored_market import observed

from doxa.environments import Market
from doxa.environments.data import MarketData
from doxa.environments.datum import Batch
from doxa.environments.exchange import US
from doxa.environments.yahoo import Yahoo

pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")
yfinance = pytest.importorskip("yfinance", reason="prices from Yahoo need yfinance, of the extra 'finance'")
pytestmark = pytest.mark.filterwarnings("ignore:::yfinance", "ignore:The inplace keyword")

NEW_YORK = ZoneInfo("America/New_York")
PERIODS = [date(2021, 3, 1) + timedelta(days=5 * n) for n in range(9)]


def test_poison_in_yahoos_answers(tmp_path: Path) -> None:
    yfinance.set_tz_cache_location(str(tmp_path / "yfinance"))
    rng = random.Random(0)
    days = test_yahoo.DAYS
    for trial in range(10):
        at = rng.randrange(1, len(days) - 1)
        closes = tuple(rng.uniform(5, 15) for _ in days)
        bad = tuple(close if n <= at else close * rng.uniform(0.1, 9) for n, close in enumerate(closes))
        seen = []
        for name, told in (("clean", closes), ("bad", bad)):
            with serving({"/v1/test/getcrumb": "x", test_yahoo.CHART: test_yahoo.chart(told)}) as server:
                batch = Yahoo(base_url=server.url, now=lambda: stores.NOW).fetch("ACME", days[0], days[-1])
            store = MarketData(tmp_path / f"{name}{trial}", create=True)
            store.add(batch)
            seen.append(observed(Market.from_store(store, "ACME"), US.closing(days[at])))
        assert seen[0] == seen[1]
        assert len(seen[0]) == at + 1


def test_poison_in_edgars_answers(tmp_path: Path) -> None:
    """A filing a week, some in the evening; what is accepted after the moment says something else, or is gone."""
    rng = random.Random(0)
    hours = [rng.choice((9, 15, 17)) for _ in PERIODS]
    accepted = [datetime.combine(day, time(hour, 30), NEW_YORK) for day, hour in zip(PERIODS, hours, strict=True)]
    for trial in range(5):
        moment = US.closing(rng.choice(stores.DAYS[2:-2]))
        seen = []
        for name in ("clean", "bad"):
            late = [name == "bad" and when > moment for when in accepted]
            with serving(_answers(accepted, late)) as server:
                batch = test_edgar.edgar(server).fetch("ACME")
            store = stores.store_of(tmp_path / f"{name}{trial}", [stores.price(day, 10.0) for day in stores.DAYS])
            store.add(Batch(batch.data, stores.NOW))
            market = Market.from_store(store, "ACME", sources=["prices", "filings", "filings_10k", "filings_10q"])
            seen.append(observed(market, moment))
        assert seen[0] == seen[1]
        assert "POISON" not in str(seen)


def _answers(accepted: list[datetime], late: list[bool]) -> dict[str, Any]:
    told = test_edgar.answers()
    rows = []
    for number, (when, bad) in enumerate(zip(accepted, late, strict=True)):
        form, accession = ("10-K", "10-Q")[number % 2], f"0000000042-21-{number:06}"
        page = test_edgar.ANNUAL if form == "10-K" else test_edgar.QUARTER
        folder = f"{test_edgar.FOLDER}/{accession.replace('-', '')}"
        text = f"POISON {number} " if bad else f"Report {number} of {when.date()} "
        told[f"{folder}/d.htm"] = page.replace(test_edgar.BODY, text + test_edgar.BODY)
        told[f"{folder}/{accession}-index-headers.html"] = test_edgar.header(when.strftime("%Y%m%d%H%M%S"))
        rows.append((form, accession, "d.htm", str(when.date()), str(when.date() - timedelta(days=30)), ""))
    told["/submissions/CIK0000000042.json"]["filings"] = {"recent": test_edgar.columns(*rows), "files": []}
    return told
