"""Annual and quarterly reports from SEC EDGAR, each known from its acceptance.

The submissions API (data.sec.gov) lists a company's filings; the documents lie in the archive (www.sec.gov). The SEC
asks for a user agent with a contact and for at most ten requests a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import DataError, options
from .datum import Batch, Datum, Value
from .filings import FORMS, discussion
from .series import parse_date
from .web import Web

API = "https://data.sec.gov"
ARCHIVE = "https://www.sec.gov"
REQUESTS_PER_SECOND = 10
EASTERN = ZoneInfo("America/New_York")

_CONTACT = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ACCEPTED = re.compile(r"ACCEPTANCE-DATETIME>\s*(\d{14})")
_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}")
_NAME = re.compile(r"[A-Za-z0-9_\-./]+")


@dataclass(frozen=True)
class Listed:
    """One filing as the submissions API lists it.

    Attributes:
        form: Such as ``10-K``.
        accession: Its number, such as ``0000320193-21-000010``.
        document: Name of its main document.
        filed: Day on which it was filed.
        period: Last day that it reports on; ``None`` if it isn't told.
        accepted: As the API has it: usually UTC, for some filers New York's clock with the same letter Z.
    """

    form: str
    accession: str
    document: str
    filed: date
    period: date | None
    accepted: str


@dataclass(frozen=True)
class Window:
    """Which filings are wanted.

    Attributes:
        forms: Their forms.
        start: First day of filing; ``None`` is the beginning.
        end: Last day of filing; ``None`` is today.
    """

    forms: tuple[str, ...] = ("10-K", "10-Q")
    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        """Check the forms."""
        for form in self.forms:
            if form not in FORMS:
                raise DataError(
                    f"EDGAR: no management discussion is cut from the form {form!r}; {options(form, FORMS)}"
                )

    def holds(self, filing: Listed) -> bool:
        """Whether a filing is wanted."""
        after = self.start is None or filing.filed >= self.start
        return filing.form in self.forms and after and (self.end is None or filing.filed <= self.end)


class Edgar:
    """SEC EDGAR.

    Args:
        user_agent: Who is asking, with an address: ``Jane Doe jane@example.com``.
        api: Base URL of the submissions API.
        archive: Base URL of everything else.
        now: The clock; filings can't be known later than it.
        web: Sends the requests; by default at most ten a second.

    Raises:
        DataError: The user agent is missing or has no address in it.
    """

    def __init__(
        self,
        user_agent: str | None,
        *,
        api: str = API,
        archive: str = ARCHIVE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        web: Web | None = None,
    ) -> None:
        if not user_agent or not _CONTACT.search(user_agent):
            raise DataError(
                f"EDGAR: the user agent is {user_agent!r}; the SEC wants a name and an e-mail address in it, such as "
                "'Jane Doe jane@example.com': give --user-agent or set DOXA_EDGAR_USER_AGENT"
            )
        self._api, self._archive, self._now = api.rstrip("/"), archive.rstrip("/"), now
        self._web = web or Web({"User-Agent": user_agent}, REQUESTS_PER_SECOND)

    def fetch(self, ticker: str, window: Window | None = None, known: Container[str] = ()) -> Batch:
        """The management discussions of a company's filings.

        Args:
            ticker: The company.
            window: Which filings; by default every 10-K and 10-Q.
            known: Accession numbers that needn't be fetched again; documents never change.

        Raises:
            DataError: EDGAR doesn't know the ticker, can't be reached, or answers in another form than it documents.
        """
        window = window or Window()
        cik = self._cik(ticker)
        listed = sorted((f for f in self._listed(cik) if window.holds(f)), key=lambda f: f.filed)
        found = [self._datum(ticker, cik, filing) for filing in listed if filing.accession not in known]
        gaps = [f"{ticker}: the {d.text('form')} {d.key}: {d.text('gap')}" for d in found if d.text("gap")]
        if not listed:
            gaps.append(f"{ticker}: no {' or '.join(window.forms)} in EDGAR for the time asked (CIK {cik})")
        now = self._now()
        covered = now if window.end is None else min(now, datetime.combine(window.end, time(), EASTERN))
        return Batch(tuple(found), now, dated=False, covered=covered.astimezone(UTC), gaps=tuple(gaps))

    def _cik(self, ticker: str) -> int:
        """The company's number."""
        where = f"{self._archive}/files/company_tickers.json"
        table = self._web.json(where)
        numbers = {row["ticker"]: row["cik_str"] for row in _objects(table, where, "ticker", "cik_str")}
        if ticker not in numbers:
            near = {name for name in numbers if str(name).startswith(ticker[:1])}
            raise DataError(f"EDGAR: no company with the ticker {ticker!r}; {options(ticker, sorted(near)[:30])}")
        return int(numbers[ticker])

    def _listed(self, cik: int) -> Iterator[Listed]:
        """Every filing, the recent ones first, then those in the files of older ones."""
        where = f"{self._api}/submissions/CIK{cik:010}.json"
        filings = _field(self._web.json(where), "filings", where)
        yield from _rows(_field(filings, "recent", where), where)
        for file in _field(filings, "files", where):
            older = f"{self._api}/submissions/{_safe(_field(file, 'name', where), where)}"
            yield from _rows(self._web.json(older), older)

    def _datum(self, ticker: str, cik: int, filing: Listed) -> Datum:
        folder = f"{self._archive}/Archives/edgar/data/{cik}/{filing.accession.replace('-', '')}"
        url = f"{folder}/{filing.document}"
        accepted = self._accepted(f"{folder}/{filing.accession}-index-headers.html", filing)
        happened = datetime.combine(filing.period or filing.filed, time(), UTC)
        section = discussion(self._web.text(url), filing.form)
        values: dict[str, Value] = {"form": filing.form, "text": section.text or None, "gap": section.gap, "url": url}
        return Datum("filing", ticker, filing.accession, min(happened, accepted), accepted, values, "edgar")

    def _accepted(self, where: str, filing: Listed) -> datetime:
        """When a filing was accepted: from its header, which is in New York's time; else the later reading of the list.

        The list's times end in Z for all filers, but for some they are New York's clock.
        """
        header = self._web.text(where, missing_ok=True)
        told = _ACCEPTED.search(header or "")
        if told:
            return _moment(datetime.strptime(told[1], "%Y%m%d%H%M%S").replace(tzinfo=EASTERN))
        try:
            listed = datetime.fromisoformat(filing.accepted)
        except ValueError:
            # What is accepted in the evening is dated the next business day: it was there by the end of its date.
            return _moment(datetime.combine(filing.filed + timedelta(days=1), time(), EASTERN))
        return max(_moment(listed.replace(tzinfo=UTC)), _moment(listed.replace(tzinfo=EASTERN)))


def _moment(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _rows(columns: object, where: str) -> Iterator[Listed]:
    """A table that comes by columns."""
    names = ("form", "accessionNumber", "primaryDocument", "filingDate", "reportDate", "acceptanceDateTime")
    try:
        table = [_field(columns, name, where) for name in names]
        for form, accession, document, filed, period, accepted in zip(*table, strict=True):
            if form in FORMS:
                yield _listing(form, accession, document, filed, period, accepted, where)
    except (ValueError, TypeError) as error:
        raise _unlike(where, str(error)) from error


def _listing(
    form: str, accession: str, document: str, filed: str, period: str | None, accepted: str | None, where: str
) -> Listed:
    day = parse_date(filed)
    if day is None or not _ACCESSION.fullmatch(accession):
        raise _unlike(where, f"a filing {accession!r} of {filed!r}")
    return Listed(form, accession, _safe(document, where), day, parse_date(period), accepted or "")


def _safe(name: str, where: str) -> str:
    """A file's name from an answer, which may not lead elsewhere."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name or name.startswith("/"):
        raise _unlike(where, f"the file name {name!r}")
    return name


def _field(value: object, name: str, where: str) -> Any:  # noqa: ANN401  JSON
    if not isinstance(value, Mapping) or name not in value:
        raise _unlike(where, f"no {name!r}")
    return value[name]


def _objects(value: object, where: str, *names: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        raise _unlike(where, f"a {type(value).__name__}")
    for row in value.values():
        for name in names:
            _field(row, name, where)
    return list(value.values())


def _unlike(where: str, what: str) -> DataError:
    return DataError(f"{where}: the answer isn't as EDGAR documents it ({what}); has its API changed?")
