"""Market data on disk: fetched, checked and shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import Json

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from ..environments.data import Holding, MarketData
    from ..environments.data_check import Finding
    from ..environments.datum import Datum
    from ..environments.fetching import Fetched

Store = Annotated[Path, typer.Argument(metavar="STORE", help="Folder of the store.")]
LINES = 10

data = typer.Typer(
    no_args_is_help=True, help="Prices, news, filings, calls and reports on disk, with what was known when."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (fetch, check, show):
        data.command()(command)
    app.add_typer(data, name="data")


def fetch(
    *,
    source: Annotated[
        str,
        typer.Option("--source", help="yahoo, edgar, csv, parquet, investorbench, news, calls or reports."),
    ],
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="Folder of the store; made if it isn't there.")],
    tickers: Annotated[list[str] | None, typer.Argument(metavar="[TICKER]...")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A table, an INVESTORBENCH file, or one text.")] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="YYYY-MM-DD", help="First day (yahoo, edgar).")
    ] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="YYYY-MM-DD", help="Last day (yahoo, edgar).")] = None,
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="us, crypto or ZONE@HH:MM: whose closes make prices known.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Of prices that name none.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Time zone of moments that name none.")] = None,
    published_at: Annotated[
        str | None,
        typer.Option("--published-at", "--at", metavar="MOMENT", help="When one text, or one call, could be known."),
    ] = None,
    audio: Annotated[
        Path | None, typer.Option("--audio", help="A recorded earnings call (calls); needs --model and --at.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="PROVIDER/MODEL", help="Who listens, as in openai/whisper-1.")
    ] = None,
    max_usd: Annotated[float | None, typer.Option("--max-usd", help="What listening may cost; for WAV files.")] = None,
    form: Annotated[list[str] | None, typer.Option("--form", help="Of EDGAR; by default 10-K and 10-Q.")] = None,
    user_agent: Annotated[
        str | None,
        typer.Option("--user-agent", envvar="DOXA_EDGAR_USER_AGENT", help="For EDGAR: your name and e-mail address."),
    ] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="A server that answers like the source.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch data into a store; the same again adds what is new and nothing twice."""
    from ..environments.data import MarketData
    from ..environments.fetching import Fetched, Order
    from ..environments.fetching import fetch as fetching
    from .hearing import Listening, heard

    wanted = tuple(tickers or ())
    parts: Iterable[Fetched]
    if audio is not None:
        asked = Listening(source, audio, wanted, published_at, zone, model, base_url, max_usd)
        parts = [Fetched(str(audio), heard(store, asked))]
    else:
        forms = tuple(form or ("10-K", "10-Q"))
        place = (exchange, currency, zone, published_at)
        order = Order(source, wanted, file, start, end, *place, forms, user_agent, base_url)
        parts = fetching(MarketData(store, create=True), order)
    _tell(parts, as_json=as_json)


def check(store: Store, as_json: Json = False) -> None:
    """Look for missing days, duplicates, NaN, splits, wrong times, currencies and tails; exit 1 if any is wrong."""
    from ..environments.data import MarketData
    from ..environments.data_check import check as checking
    from ..views import show as shown

    findings = checking(MarketData(store))
    shown([asdict(finding) for finding in findings], _findings(findings), as_json=as_json)
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)


def show(
    store: Store,
    ticker: Annotated[str | None, typer.Argument(metavar="[TICKER]")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="MOMENT", help="ISO 8601 with an offset; a date is its last close.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a store holds, or what was known of an asset at a moment."""
    from ..environments.data import MarketData
    from ..errors import DataError
    from ..views import show as shown

    opened = MarketData(store)
    if ticker is None and as_of is not None:
        raise DataError("--as-of asks what was known of one asset: name its TICKER")
    if ticker is None:
        holdings = opened.holdings()
        shown([asdict(holding) for holding in holdings], _holdings(holdings), as_json=as_json)
        return
    known = _known(opened, ticker, _moment(opened, ticker, as_of))
    shown({kind: [_datum(datum) for datum in those] for kind, those in known.items()}, _table(known), as_json=as_json)


def _moment(store: MarketData, ticker: str, as_of: str | None) -> datetime:
    """A moment as it is told; a date stands for the close of the asset's exchange."""
    from ..environments.exchange import exchange
    from ..environments.moments import moment_of
    from ..environments.series import parse_date
    from ..errors import DataError

    day = parse_date(as_of)
    if day is not None:
        names = [str(row["exchange"]) for row in store.rows("price", ticker) if row["exchange"]]
        return exchange(names[0] if names else "us").closing(day)
    if as_of is not None:
        return moment_of(as_of, "--as-of")
    if store.latest is None:
        raise DataError(f"{store.folder}: an empty store; fill it with doxa data fetch --store {store.folder}")
    return store.latest


def _known(store: MarketData, ticker: str, as_of: datetime) -> dict[str, tuple[Datum, ...]]:
    from ..environments.datum import KINDS

    found = {kind: store.known(kind, ticker, as_of=as_of).current() for kind in KINDS}
    return {kind: those for kind, those in found.items() if those}


def _datum(datum: Datum) -> dict[str, Any]:
    times = {"event_time": datum.event_time.isoformat(), "known_at": datum.known_at.isoformat()}
    return {"key": datum.key, **times, "source": datum.source, **datum.values}


def _tell(parts: Iterable[Fetched], *, as_json: bool) -> None:
    """Say what came of each part, as it comes."""
    from ..views import show as shown

    found = []
    for part in parts:
        found.append({"subject": part.subject, **asdict(part.added)})
        if not as_json:
            shown(None, _added(found[-1]), as_json=False)
    if as_json:
        shown(found, "", as_json=True)


def _added(part: dict[str, Any]) -> RenderableType:
    lines = [f"{part['subject']}: {part['new']} new, {part['restated']} restated, {part['same']} as they were"]
    return "\n".join([*lines, *(f"  gap: {gap}" for gap in part["gaps"])])


def _findings(findings: Sequence[Finding]) -> RenderableType:
    lines = []
    for f in findings:
        subject = " ".join(part for part in (f.ticker, f.kind) if part)
        lines += [f"{f.status}  {subject}: {f.told}", f"      -> {f.remedy}"]
    return "\n".join(lines or ["nothing wrong, missing or odd"])


def _holdings(holdings: Sequence[Holding]) -> RenderableType:
    from ..views import columns, plain

    if not holdings:
        return "an empty store: doxa data fetch"
    table = columns("ticker", "kind", ">versions", "up to")
    for h in sorted(holdings, key=lambda holding: holding.ticker):
        cells = (h.ticker, h.kind, h.versions, h.covered.isoformat(timespec="minutes"))
        table.add_row(*(plain(cell) for cell in cells))
    return table


def _table(known: dict[str, tuple[Datum, ...]]) -> RenderableType:
    """The newest of each kind."""
    from rich.console import Group

    from ..views import columns, plain

    if not known:
        return "nothing was known of it then"
    table = columns("kind", "key", "known at", "what")
    notes = []
    for kind, those in known.items():
        for datum in those[-LINES:]:
            said = ", ".join(f"{name} {str(value)[:60]}" for name, value in datum.values.items() if value is not None)
            cells = (kind, datum.key, datum.known_at.isoformat(timespec="seconds"), said)
            table.add_row(*(plain(cell) for cell in cells))
        if len(those) > LINES:
            notes.append(plain(f"{kind}: the newest {LINES} of {len(those)}; --json shows all"))
    return Group(table, *notes)
