"""A run as one file, to move it to another home: JSON Lines in gzip, the same bytes for the same journal.

The first line says what it is. Then come the runs, each with its events as they stand in the journal, hash chain and
times included: the one that was asked for last, what it starts from before it. Then the texts and vectors that their
events name, so that nothing has to be embedded again, and a last line with a digest of all before it.

Reading one checks all of that, line by line, within bounds, and takes nothing from it but values: no code, no path.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .. import private
from ..errors import DataError, DoxaError, HomeError
from .bounds import Bounds
from .canonical import DEPTH, canonical, sha256, shallow
from .events import Event, Timing, event_hash
from .generations import replaced
from .journal import Journal
from .references import References, batches
from .removal import ended, place
from .state import RevisionResult

FORMAT = "doxa-run"
VERSION = 1

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Header(_Line):
    """The first line: which run this is the archive of."""

    format: Literal["doxa-run"] = "doxa-run"
    version: Literal[1] = 1
    run: Name


class Held(_Line):
    """A run begins: its events follow."""

    line: Literal["run"] = "run"
    name: Name
    parent: Name | None
    parent_seq: int | None


class Happened(_Line):
    """An event of the run that began last."""

    line: Literal["event"] = "event"
    episode: Annotated[int, Field(ge=-(2**31), lt=2**31)]
    seq: Annotated[int, Field(ge=1)]
    kind: str
    key: str
    payload: str
    prev_hash: str
    hash: Digest
    at: Annotated[float, Field(allow_inf_nan=False)] | None
    latency: Annotated[float, Field(allow_inf_nan=False)] | None
    attempts: Annotated[int, Field(ge=0, lt=2**31)] | None


class Text(_Line):
    """A kept text, as a JSON string in a string: it may hold half of a surrogate pair."""

    line: Literal["text"] = "text"
    digest: Digest
    text: str

    @property
    def plain(self) -> str:
        """The text itself."""
        return str(json.loads(self.text))


class Dropped(_Line):
    """A text that was dropped to save room."""

    line: Literal["dropped"] = "dropped"
    digest: Digest


class Vector(_Line):
    """A text's vector: little-endian 32-bit floats in base64."""

    line: Literal["vector"] = "vector"
    generation: str
    digest: Digest
    vector: str

    @property
    def blob(self) -> bytes:
        """The vector itself."""
        return base64.b64decode(self.vector, validate=True)


class Replaced(_Line):
    """An embedding generation that another one stands for."""

    line: Literal["replaced"] = "replaced"
    old: str
    new: str


class End(_Line):
    """The last line, and a sha256 over all lines before it."""

    line: Literal["end"] = "end"
    digest: Digest


Part = Held | Happened | Text | Dropped | Vector | Replaced | End
_PARTS: TypeAdapter[Part] = TypeAdapter(Annotated[Part, Field(discriminator="line")])


# -- writing ------------------------------------------------------------------------------------------------------


def needed(journal: Journal, run: str) -> tuple[str, ...]:
    """A run, and before it whatever it starts from; also what an unfinished branch still takes answers from.

    Those runs are whole: one that is cut off would look like an interrupted one, and be resumed.
    """
    first = [a.run for a in journal.ancestors(run)]
    source = place(journal, run).get("source")
    if isinstance(source, str) and not ended(journal, run):
        first += needed(journal, source)
    return tuple(dict.fromkeys([*first, run]))


def write(journal: Journal, run: str, path: Path) -> tuple[str, ...]:
    """Write a run's archive, whole or not at all, and return the runs that are in it.

    Raises:
        NotFoundError: There is no such run.
        HomeError: The file can't be written.
    """
    runs = needed(journal, journal.require(run))
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        private.make_file(draft)  # prompts are in it
        with draft.open("wb") as file:
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
                total = hashlib.sha256()
                for part in (Header(run=run), *_parts(journal, runs)):
                    total.update(_put(packed, part))
                _put(packed, End(digest=total.hexdigest()))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise HomeError(f"{path} can't be written: {error.strerror}; choose another file") from None
    finally:
        draft.unlink(missing_ok=True)
    return runs


def _put(file: gzip.GzipFile, part: BaseModel) -> bytes:
    line = f"{canonical(part.model_dump())}\n".encode()
    file.write(line)
    return line


def _parts(journal: Journal, runs: Sequence[str]) -> Iterator[Part]:
    named = References()
    for run in runs:
        origin = next(reversed(journal.ancestors(run)), None)
        yield Held(name=run, parent=origin.run if origin else None, parent_seq=origin.seq if origin else None)
        times = {timing.seq: timing for timing in journal.times(run)}
        for event in journal.events(run):
            named.add(event.kind, event.payload)
            yield _happened(event, times.get(event.seq))
    yield from naming(journal, named)


def _happened(event: Event, timing: Timing | None) -> Happened:
    return Happened(
        episode=event.episode,
        seq=event.seq,
        kind=event.kind,
        key=event.key,
        payload=canonical(event.payload),
        prev_hash=event.prev_hash,
        hash=event.hash,
        at=timing.at if timing else None,
        latency=timing.latency if timing else None,
        attempts=timing.attempts if timing else None,
    )


def naming(journal: Journal, named: References) -> Iterator[Part]:
    """What a journal holds of the texts and vectors that events name."""
    database = journal.database
    for some in batches(sorted(named.texts)):
        marks = ", ".join("?" * len(some))
        sql = f"SELECT digest FROM texts WHERE digest IN ({marks}) ORDER BY digest"  # noqa: S608
        for (digest,) in database.rows(sql, tuple(some)):
            yield Text(digest=digest, text=canonical(journal.text(digest)))
    for some in batches(sorted(named.texts)):
        marks = ", ".join("?" * len(some))
        sql = f"SELECT digest FROM dropped WHERE digest IN ({marks}) ORDER BY digest"  # noqa: S608
        yield from (Dropped(digest=digest) for (digest,) in database.rows(sql, tuple(some)))
    found = set[str]()
    for some in batches(sorted(named.embedded)):
        marks = ", ".join("?" * len(some))
        sql = f"SELECT generation, digest, vector FROM vectors WHERE digest IN ({marks}) ORDER BY digest, generation"  # noqa: S608
        for generation, digest, blob in database.rows(sql, tuple(some)):
            found.add(generation)
            yield Vector(generation=generation, digest=digest, vector=base64.b64encode(blob).decode())
    now = replaced(database)
    yield from (Replaced(old=old, new=now[old]) for old in sorted(now) if found & {old, now[old]})


# -- reading ------------------------------------------------------------------------------------------------------


def read(path: Path, bounds: Bounds | None = None) -> Iterator[Header | Part]:
    """What an archive holds, each part checked before it is handed out; the last line's digest at the end.

    Raises:
        DataError: It isn't an archive, is damaged, or is larger than it may be; the message has the line's number.
    """
    bounds = bounds or Bounds()
    try:
        with path.open("rb") as file, gzip.GzipFile(fileobj=file, mode="rb") as packed:
            yield from _checked(path, packed, bounds)
    except (OSError, EOFError, zlib.error) as error:
        told = getattr(error, "strerror", None) or error
        raise DataError(f"{path} can't be read as an archive of a run: {told}") from None


def _checked(path: Path, packed: gzip.GzipFile, bounds: Bounds) -> Iterator[Header | Part]:
    check, total, number = _Check(), hashlib.sha256(), 0
    for number, line in enumerate(_lines(packed, path.stat().st_size, bounds), start=1):
        try:
            yield check.header(_json(line)) if number == 1 else check.part(_json(line), total.hexdigest())
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: {_said(error)}") from None
        total.update(line)
    if not check.over:
        raise DataError(f"{path} ends after line {number}, in the middle: copy or export it again")


def _lines(packed: gzip.GzipFile, size: int, bounds: Bounds) -> Iterator[bytes]:
    whole, number = 0, 0
    while line := packed.readline(bounds.line + 1):
        whole, number = whole + len(line), number + 1
        if reason := bounds.broken(line, number, whole, size):
            raise DataError(f"the archive is {reason}; if it is your own, raise that in [archives] of settings.toml")
        yield line


class _Check:
    """What is known while an archive is read."""

    def __init__(self) -> None:
        self.run = ""
        self.over = False
        self._heads: dict[str, tuple[int, str]] = {}
        self._now = ""
        self._places: set[tuple[int, str, str]] = set()
        self._widths: dict[str, int] = {}

    def header(self, data: Any) -> Header:  # noqa: ANN401  JSON
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("this is no archive of a run ('doxa export RUN --archive FILE' makes one)")
        if data.get("version") != VERSION:
            raise ValueError(f"version {data.get('version')!r}; this doxa reads version {VERSION}: upgrade doxa")
        header = Header.model_validate(data)
        self.run = header.run
        return header

    def part(self, data: Any, digest: str) -> Part:  # noqa: ANN401  JSON
        part = _PARTS.validate_python(data)
        if self.over:
            raise ValueError("something follows the end")
        match part:
            case Held():
                self._held(part)
            case Happened():
                self._happened(part)
            case Text():
                if canonical(part.plain) != part.text or sha256(part.plain) != part.digest:
                    raise ValueError(f"the text isn't what its digest {part.digest[:12]} says")
            case Vector():
                self._vector(part)
            case End():
                if part.digest != digest:
                    raise ValueError("the lines before it aren't those that were written")
                if self._now != self.run:
                    raise ValueError(f"the run {self.run} that it is the archive of isn't in it as the last one")
                self.over = True
        return part

    def _held(self, run: Held) -> None:
        if run.name in self._heads:
            raise ValueError(f"run {run.name} stands twice")
        if (run.parent is None) != (run.parent_seq is None):
            raise ValueError(f"run {run.name} has a parent or a position in it, but not both")
        if run.parent is not None and not 0 <= (run.parent_seq or 0) <= self._heads.get(run.parent, (-1, ""))[0]:
            raise ValueError(f"run {run.name} starts from event {run.parent_seq} of {run.parent}, which isn't in it")
        self._now, self._places = run.name, set()
        self._heads[run.name] = (0, "")

    def _happened(self, event: Happened) -> None:
        if not self._now:
            raise ValueError("an event stands before any run")
        seq, head = self._heads[self._now]
        right = event_hash(head, self._now, event.episode, event.seq, event.kind, event.key, event.payload)
        if event.seq != seq + 1 or event.prev_hash != head or event.hash != right:
            raise ValueError(f"run {self._now}: event {event.seq} isn't what was recorded after event {seq}")
        payload = json.loads(event.payload)
        if not isinstance(payload, dict) or not shallow(payload) or canonical(payload) != event.payload:
            raise ValueError(f"run {self._now}: the payload of event {event.seq} is none, or deeper than {DEPTH}")
        if event.kind == "belief":
            _see_belief(payload, self._now, event)
        if (spot := (event.episode, event.key, event.kind)) in self._places:
            raise ValueError(f"run {self._now}: two events stand at one place: {spot}")
        self._places.add(spot)
        self._heads[self._now] = (event.seq, event.hash)

    def _vector(self, part: Vector) -> None:
        row = np.frombuffer(part.blob, "<f4")
        if not len(row) or not np.isfinite(row).all() or self._widths.setdefault(part.generation, len(row)) != len(row):
            raise ValueError(f"the vector of {part.digest[:12]} isn't one of {part.generation}")


def _json(line: bytes) -> Any:  # noqa: ANN401
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut off")
    return json.loads(line)


def _see_belief(payload: Mapping[str, Any], run: str, event: Happened) -> None:
    """The index is made of the belief events of all runs: one that can't be read would stop it for the whole home."""
    try:
        RevisionResult.read(payload, run, event.episode)
    except (ArithmeticError, AttributeError, DoxaError, LookupError, TypeError, ValueError) as error:
        told = _said(error) if isinstance(error, ValidationError | DoxaError) else "it isn't of that form"
        raise ValueError(f"run {run}: event {event.seq} isn't what became of a belief: {told}") from None


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested deeper than {DEPTH} levels"
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
    return str(error)
