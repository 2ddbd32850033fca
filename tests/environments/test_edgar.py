"""EDGAR over the loopback: answers written in the shape that the SEC documents for its API."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from loopback import Server, serving

from doxa.environments.data import MarketData
from doxa.environments.edgar import Edgar, Window
from doxa.environments.web import Web
from doxa.errors import DataError

NOW = datetime(2023, 6, 1, tzinfo=UTC)
AGENT = "Jane Doe jane@example.com"
BODY = "Sales of pumps rose in every region of the world. " * 12
ANNUAL = (
    f"<html><body><p>Item 7. Management's Discussion and Analysis</p><p>{BODY}</p><p>Item 8. Financial Statements</p>"
)
QUARTER = ANNUAL.replace("Item 7", "Item 2").replace(
    "Item 8. Financial Statements", "Item 3. Quantitative and Qualitative Disclosures"
)
FOLDER = "/Archives/edgar/data/42"


def columns(*rows: tuple[str, str, str, str, str, str]) -> dict[str, list[str]]:
    names = ("form", "accessionNumber", "primaryDocument", "filingDate", "reportDate", "acceptanceDateTime")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def header(stamp: str) -> str:
    return f"<html><body><pre>&lt;SEC-HEADER>\n&lt;ACCEPTANCE-DATETIME>{stamp}\n</pre></body></html>"


def answers() -> dict[str, Any]:
    """A company with an annual and a quarterly report, one of them listed in a file of older ones; and another form."""
    recent = columns(
        ("8-K", "0000000042-23-000009", "x.htm", "2023-05-02", "", "2023-05-02T10:00:00.000Z"),
        ("10-Q", "0000000042-23-000008", "q1.htm", "2023-05-01", "2023-03-31", "2023-05-01T16:21:59.000Z"),
    )
    older = columns(("10-K", "0000000042-21-000001", "k20.htm", "2021-02-11", "2020-12-31", "2021-02-10T21:06:28.000Z"))
    files = [{"name": "CIK0000000042-submissions-001.json", "filingCount": 1}]
    return {
        "/files/company_tickers.json": {"0": {"cik_str": 42, "ticker": "ACME", "title": "Acme Pumps Inc."}},
        "/submissions/CIK0000000042.json": {"cik": "42", "filings": {"recent": recent, "files": files}},
        "/submissions/CIK0000000042-submissions-001.json": older,
        f"{FOLDER}/000000004223000008/q1.htm": QUARTER,
        f"{FOLDER}/000000004221000001/k20.htm": ANNUAL,
        f"{FOLDER}/000000004223000008/0000000042-23-000008-index-headers.html": header("20230501162159"),
        f"{FOLDER}/000000004221000001/0000000042-21-000001-index-headers.html": header("20210210160628"),
    }


def edgar(server: Server, sleeps: list[float] | None = None) -> Edgar:
    """EDGAR at the loopback, waiting on no real clock."""
    waited: list[float] = [] if sleeps is None else sleeps
    web = Web({"User-Agent": AGENT}, 10, clock=lambda: sum(waited), sleep=waited.append)
    return Edgar(AGENT, api=server.url, archive=server.url, now=lambda: NOW, web=web)


def test_filings_are_known_from_their_acceptance_in_new_york() -> None:
    """The list says 16:21:59Z for one that was accepted at 16:21:59 in New York, as EDGAR does for some filers."""
    with serving(answers()) as server:
        annual, quarter = edgar(server).fetch("ACME").data
        assert set(server.headers[0].items()) >= {("User-Agent", AGENT)}
    assert annual.known_at == datetime(2021, 2, 10, 21, 6, 28, tzinfo=UTC)
    assert quarter.known_at == datetime(2023, 5, 1, 20, 21, 59, tzinfo=UTC)
    assert (annual.key, annual.text("form"), quarter.text("form")) == ("0000000042-21-000001", "10-K", "10-Q")
    assert annual.text("text") == quarter.text("text") == BODY.strip()
    assert annual.event_time == datetime(2020, 12, 31, tzinfo=UTC)
    assert annual.text("url").endswith("/000000004221000001/k20.htm")


@pytest.mark.parametrize("page", [404, "<html>no time in it</html>"])
@pytest.mark.parametrize(
    ("listed", "known"),
    [
        ("2023-05-01T16:21:59.000Z", datetime(2023, 5, 1, 20, 21, 59, tzinfo=UTC)),
        ("", datetime(2023, 5, 2, 4, tzinfo=UTC)),
        ("yesterday", datetime(2023, 5, 2, 4, tzinfo=UTC)),
    ],
)
def test_without_the_header_the_later_reading_counts(page: Any, listed: str, known: datetime) -> None:
    told = answers()
    told[f"{FOLDER}/000000004223000008/0000000042-23-000008-index-headers.html"] = page
    told["/submissions/CIK0000000042.json"]["filings"]["recent"]["acceptanceDateTime"][1] = listed
    with serving(told) as server:
        assert edgar(server).fetch("ACME").data[1].known_at == known


def test_a_window_and_what_is_known_spare_requests() -> None:
    with serving(answers()) as server:
        found = edgar(server).fetch("ACME", Window(("10-K", "10-Q"), date(2023, 1, 1)))
        assert [datum.text("form") for datum in found.data] == ["10-Q"]
        server.asked.clear()
        assert edgar(server).fetch("ACME", known={"0000000042-23-000008", "0000000042-21-000001"}).data == ()
        assert not [path for path in server.asked if "Archives" in path]


def test_a_filing_without_the_section_is_a_recorded_gap(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the store needs pyarrow, of the extra 'finance'")
    told = answers()
    told[f"{FOLDER}/000000004221000001/k20.htm"] = "<html><body><p>Item 1. Business</p></body></html>"
    with serving(told) as server:
        batch = edgar(server).fetch("ACME")
    store = MarketData(tmp_path, create=True)
    added = store.add(batch)
    assert added.gaps == (
        "ACME: the 10-K 0000000042-21-000001: no management's discussion (item 7) was found in the 10-K",
    )
    annual = store.known("filing", "ACME", as_of=NOW).data[0]
    assert annual.text("text") == ""
    assert "no management's discussion" in annual.text("gap")
    assert store.latest == NOW


def test_a_company_without_such_filings_is_a_gap() -> None:
    told = answers()
    told["/submissions/CIK0000000042.json"]["filings"] = {
        "recent": columns(
            ("20-F", "0000000042-23-000001", "f.htm", "2023-04-01", "2022-12-31", "2023-04-01T10:00:00.000Z")
        ),
        "files": [],
    }
    with serving(told) as server:
        batch = edgar(server).fetch("ACME")
    assert batch.data == ()
    assert batch.gaps == ("ACME: no 10-K or 10-Q in EDGAR for the time asked (CIK 42)",)


@pytest.mark.parametrize("agent", [None, "", "Mozilla/5.0", "Jane Doe", "jane@"])
def test_a_user_agent_without_a_contact_is_refused(agent: str | None) -> None:
    with pytest.raises(DataError, match="e-mail address"):
        Edgar(agent)


def test_no_more_than_ten_requests_a_second() -> None:
    sleeps: list[float] = []
    with serving(answers()) as server:
        edgar(server, sleeps).fetch("ACME")
        requests = len(server.asked)
    assert requests == 7
    assert sum(sleeps) == pytest.approx((requests - 1) / 10)


def test_failures_are_tried_again_in_the_pace_that_is_asked_for() -> None:
    sleeps: list[float] = []
    told = answers()
    told["/files/company_tickers.json"] = [(429, {"Retry-After": "7"}), 503, told["/files/company_tickers.json"]]
    with serving(told) as server:
        assert len(edgar(server, sleeps).fetch("ACME").data) == 2
    assert {7.0, 2.0} <= set(sleeps)


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/files/company_tickers.json", 403, "refused"),
        ("/files/company_tickers.json", 500, "status 500, 4 times"),
        ("/files/company_tickers.json", (429, {"Retry-After": "900"}), "asks to wait for 900 s"),
        ("/files/company_tickers.json", "<html>", "isn't JSON"),
        ("/files/company_tickers.json", {"0": {"ticker": "ACNE"}}, "isn't as EDGAR documents it"),
        ("/files/company_tickers.json", {"0": {"ticker": "ACNE", "cik_str": 1}}, "did you mean 'ACNE'"),
        ("/submissions/CIK0000000042.json", 404, "status 404"),
        ("/submissions/CIK0000000042.json", {"filings": {}}, "no 'recent'"),
        ("/submissions/CIK0000000042.json", {"filings": {"recent": {"form": ["10-K"]}, "files": []}}, "documents it"),
        (f"{FOLDER}/000000004221000001/k20.htm", 404, "status 404"),
    ],
)
def test_wrong_answers_are_one_clear_message(path: str, answer: Any, message: str) -> None:
    with serving({**answers(), path: answer}) as server, pytest.raises(DataError, match=message):
        edgar(server).fetch("ACME")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a b", "http://elsewhere/x"])
def test_a_file_name_cannot_lead_elsewhere(name: str) -> None:
    told = answers()
    told["/submissions/CIK0000000042.json"]["filings"]["recent"]["primaryDocument"][1] = name
    with serving(told) as server, pytest.raises(DataError, match="the file name"):
        edgar(server).fetch("ACME")


def test_a_server_that_is_not_there_is_named() -> None:
    with serving({}) as server:
        pass
    with pytest.raises(DataError, match=r"company_tickers\.json: ConnectError"):
        edgar(server).fetch("ACME")


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(DataError, match="choose from 10-K"):
        Window(("8-K",))
