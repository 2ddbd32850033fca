from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from doxa.environments import Market, MarketSeries
from doxa.environments.loaders import bundled, csv_table, frame, investorbench
from doxa.errors import DataError, MissingExtraError

with_skfolio = pytest.mark.skipif(find_spec("skfolio") is None, reason="skfolio isn't installed (extra finance)")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


Write = Callable[[str, str | bytes], Path]


def closes(series: MarketSeries) -> list[float]:
    return [day.price for day in series.days]


def test_investorbench(write: Write) -> None:
    content = {
        "2020-01-02": {"prices": 1.5, "news": [" a\nb ", "\n"], "10k": ["annual"]},
        "2020-01-03": {"prices": 2, "news": None, "10q": ["quarterly"]},
    }
    series = investorbench(write("abc.json", json.dumps(content)))
    assert series.asset == "ABC"
    assert closes(series) == [1.5, 2.0]
    assert [day.news for day in series.days] == [("a b",), ()]
    assert (series.days[0].annual, series.days[1].quarterly) == (("annual",), ("quarterly",))
    assert series.texts == {"news", "10k", "10q"}
    assert investorbench(write("p.json", '{"2020-01-02": {"prices": 1}}'), "Q").texts == frozenset()


def test_csv(write: Write) -> None:
    path = write("abc.csv", '\ufeffDate,Open,Close,News\r\n2020-01-02,9,1.5,"one\ntwo"\r\n\r\n2020-01-03,9,2,\r\n')
    series = csv_table(path)
    assert series.asset == "ABC"
    assert closes(series) == [1.5, 2.0]
    assert [day.news for day in series.days] == [("one", "two"), ()]
    assert series.texts == {"news"}
    assert series.days[1].line == 5
    assert closes(csv_table(path, price="open")) == [9.0, 9.0]


def test_csv_takes_adjusted_closes_first(write: Write) -> None:
    assert closes(csv_table(write("a.csv", "date,close,Adj Close\n2020-01-02,4,2\n"))) == [2.0]


@with_skfolio
def test_bundled() -> None:
    series = bundled("AAPL")
    assert (series.days[0].date, series.days[-1].date) == (date(1990, 1, 2), date(2022, 12, 28))
    assert (series.days[0].price, series.days[-1].price, len(series.days)) == (0.264, 125.674, 8313)
    with pytest.raises(DataError, match=r"no ticker 'AAPPL'; choose from AAPL, AMD, .*XOM \(did you mean 'AAPL'\?\)"):
        bundled("AAPPL")


def test_bundled_without_skfolio() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'doxa\[finance\]'"):
        bundled("AAPL", package="no_such_package")


def test_bundled_with_a_damaged_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "skdamaged" / "datasets" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "skdamaged" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        bundled("AAPL", package="skdamaged")
    (folder / "sp500_dataset.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(DataError, match=r"damaged .* install skdamaged again"):
        bundled("AAPL", package="skdamaged")


def test_frame() -> None:
    pd = pytest.importorskip("pandas")
    dates = pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06"])
    news: list[Any] = [["a", "b"], float("nan"), "c\nd"]
    columns = {"Close": [1.0, 2.0, 3.0], "news": news}
    indexed = frame(pd.DataFrame(columns, index=dates.tz_localize("America/New_York")), "X")
    assert [day.date for day in indexed.days] == [date(2020, 1, 2), date(2020, 1, 3), date(2020, 1, 6)]
    assert closes(indexed) == [1.0, 2.0, 3.0]
    assert [day.news for day in indexed.days] == [("a", "b"), (), ("c d",)]
    assert frame(pd.DataFrame({"date": dates, **columns}), "X") == indexed
    assert frame(pd.DataFrame({"Date": dates.strftime("%Y-%m-%d"), **columns}), "X") == indexed


def test_frame_problems() -> None:
    pd = pytest.importorskip("pandas")
    index = pd.to_datetime(["2020-01-02", "2020-01-03"])
    with pytest.raises(DataError, match="a list isn't a pandas DataFrame"):
        frame([1, 2])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no column 'date' among close"):
        frame(pd.DataFrame({"close": [1.0]}))
    with pytest.raises(DataError, match="no price column among open"):
        frame(pd.DataFrame({"open": [1.0, 2.0]}, index=index))
    with pytest.raises(DataError, match=r"frame of X: the price of 2020-01-03 is nan"):
        frame(pd.DataFrame({"close": [1.0, None]}, index=index), "X")
    with pytest.raises(DataError, match=r"row 1: None isn't a date; write YYYY-MM-DD"):
        frame(pd.DataFrame({"close": [1.0, 2.0]}, index=pd.DatetimeIndex(["2020-01-02", None])))
    with pytest.raises(DataError, match=r"row 0: 'news' holds 7; expected a list of strings"):
        frame(pd.DataFrame({"close": [1.0, 2.0], "news": [7, "x"]}, index=index))
    with pytest.raises(DataError, match=r"2020-01-02 is there twice"):
        frame(pd.DataFrame({"close": [1.0, 2.0]}, index=index[[0, 0]]))


GOOD = '"2020-01-02": {"prices": 1.0}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; expected a JSON object of dates"),
        (" \n", "empty; expected a JSON object of dates"),
        ("{}", "no prices in it"),
        ("[]", "a JSON list; expected an object of dates"),
        ("null", "a JSON NoneType; expected an object of dates"),
        ('{\n"2020-01-02": {"prices": 1.0},\n}', r"line (2|3): not JSON"),
        ('{"2020-01-02": {"prices": 1.0}', "line 1: not JSON"),
        ("[" * 100_000, "not usable JSON"),
        ('{"2020-01-02": 7}', "2020-01-02 holds 7; expected an object with 'prices'"),
        ('{"2020-01-02": {"news": []}}', r"2020-01-02: no 'prices'; every date needs one"),
        ('{"2020-01-02": {"prices": null}}', r"2020-01-02: no price; prices are finite"),
        ('{"2020-01-02": {"prices": "1.0"}}', r"the price '1\.0' isn't a usable number"),
        ('{"2020-01-02": {"prices": true}}', "the price True isn't a usable number"),
        ('{"2020-01-02": {"prices": 1' + "0" * 400 + "}}", r"the price 1000.*\.\.\. isn't a usable number"),
        ('{"2020-01-02": {"prices": NaN}}', "the price of 2020-01-02 is nan; prices are finite numbers above zero"),
        ('{"2020-01-02": {"prices": 1e999}}', "the price of 2020-01-02 is inf"),
        ('{"2020-01-02": {"prices": 0}}', r"the price of 2020-01-02 is 0\.0"),
        ('{"2020-01-02": {"prices": -3}}', r"the price of 2020-01-02 is -3\.0"),
        ('{"02.01.2020": {"prices": 1}}', r"'02\.01\.2020' isn't a date; write YYYY-MM-DD"),
        ('{"2020-02-30": {"prices": 1}}', "'2020-02-30' isn't a date"),
        (f'{{"2020-01-03": {{"prices": 1}}, {GOOD}}}', "2020-01-02 comes after 2020-01-03; sort the dates ascending"),
        (f"{{{GOOD}, {GOOD}}}", "the key '2020-01-02' is there twice in one object"),
        ('{"2020-01-02": {"prices": 1, "prices": 2}}', "the key 'prices' is there twice in one object"),
        ('{"2020-01-02": {"prices": 1, "news": "text"}}', "'news' holds 'text'; expected a list of strings"),
        ('{"2020-01-02": {"prices": 1, "10k": [1]}}', r"'10k' holds \[1\]; expected a list of strings"),
        (b'{\n"2020-01-02": {"prices": 1, "news": ["\xff"]}}', "line 2: not UTF-8 .*; save the file as UTF-8"),
    ],
)
def test_json_problems(write: Write, content: str | bytes, message: str) -> None:
    path = write("bad.json", content)
    with pytest.raises(DataError, match=message) as raised:
        investorbench(path)
    assert str(raised.value).startswith(str(path))
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; expected a header line with the columns date and price"),
        ("date,price\n", "no prices in it"),
        ("date,open\n2020-01-02,1\n", "no price column among date, open; call it 'price' or 'prices' or"),
        ("day,price\n2020-01-02,1\n", "no column 'date' among day, price"),
        ("date;price\n2020-01-02;1\n", "no column 'date' among date;price"),
        ("date,price,Price\n", "the column 'price' is there twice"),
        ("date,price\n2020-01-02,1\n2020-01-03,\n", "line 3: no price; prices are finite"),
        ("date,price\n2020-01-02\n", "line 2: no price"),
        ("date,price\n2020-01-02,abc\n", "line 2: the price 'abc' isn't a usable number"),
        ('date,price\n2020-01-02,"1,000"\n', "line 2: the price '1,000' isn't a usable number"),
        ("date,price\n2020-01-02,1_0\n", "line 2: the price '1_0' isn't a usable number"),
        ("date,price\n2020-01-02,nan\n", r"the price of line 2 \(2020-01-02\) is nan"),
        ("date,price\n2020-01-02,inf\n", r"the price of line 2 \(2020-01-02\) is inf"),
        ("date,price\n2020-01-02,0\n", r"the price of line 2 \(2020-01-02\) is 0\.0"),
        ("date,price\n2020-01-02,-1\n", r"the price of line 2 \(2020-01-02\) is -1\.0"),
        ("date,price\n,1\n", "line 2: '' isn't a date; write YYYY-MM-DD"),
        ("date,price\n01/02/2020,1\n", "line 2: '01/02/2020' isn't a date"),
        ("date,price\n2020-01-03,1\n2020-01-02,1\n", r"line 3 \(2020-01-02\) comes after line 2 \(2020-01-03\); sort"),
        ("date,price\n2020-01-02,1\n2020-01-02,1\n", r"line 3 \(2020-01-02\) is there twice"),
        ('date,price\n2020-01-02,"1\n', "line 2: not a CSV line"),
        (b"date,price\n2020-01-02,1\n2020-01-03,\xe9\n", "line 3: not UTF-8"),
    ],
)
def test_csv_problems(write: Write, content: str | bytes, message: str) -> None:
    path = write("bad.csv", content)
    with pytest.raises(DataError, match=message) as raised:
        csv_table(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("load", [Market.from_csv, Market.from_investorbench])
def test_file_problems(load: Callable[[Path], Market], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone: no such file; give the path of an existing one"):
        load(tmp_path / "gone")
    with pytest.raises(DataError, match=r": a directory; give the path of a file in it"):
        load(tmp_path)
    with pytest.raises(DataError, match=r": can't be read \("):
        load(tmp_path / "file\x00name")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(write: Write) -> None:
    path = write("secret.csv", "date,price\n")
    path.chmod(0)
    with pytest.raises(DataError, match="can't be read"):
        csv_table(path)
