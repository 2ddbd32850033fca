"""A LangGraph store in a home: any LangGraph graph, and LangMem, can keep its long-term memory here.

Items live in the same append-only journal as runs, their vectors beside those of beliefs: nothing is ever overwritten,
reopening embeds nothing again, and ``doxa memory verify`` checks them too. Importing this imports langgraph.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    get_text_at_path,
    tokenize_path,
    validate_op_namespace,
)

from ..errors import BeliefError
from .canonical import DEPTH, shallow
from .curation import ENDED
from .embeddings import Embedder, Vectors, embedder
from .events import payload_text
from .generations import current
from .home import Home
from .journal import Entry, Journal
from .matching import matches
from .vectors import VectorStore

Namespace = tuple[str, ...]
Clock = Callable[[], datetime]

_EPISODE = -1
"""A store belongs to no episode."""


@dataclass
class _Kept:
    """An item as the store has it."""

    item: Item
    ttl: float | None
    """Minutes."""
    expires: datetime | None
    vectors: Vectors


class DoxaStore(BaseStore):
    """LangGraph's :class:`BaseStore` on a home; open it with :meth:`open`, or around a journal that is open.

    Reads in a batch see what was there before it, and of several writes to one key the last counts, as in LangGraph's
    own stores. An item whose time is over is gone at once for readers; :meth:`sweep` records that it is.
    """

    supports_ttl = True

    def __init__(
        self,
        journal: Journal,
        *,
        name: str = "store",
        embedding: str | Embedder | None = None,
        fields: Sequence[str] = ("$",),
        ttl: TTLConfig | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """Read the store's items.

        Args:
            journal: Open for writing if anything is to be put.
            name: Of the store within the home: lower-case letters, digits and hyphens.
            embedding: How texts become vectors, by name or object; ``None`` for the offline default.
            fields: Paths of what is embedded of an item, unless it's put with its own; ``$`` is all of it.
            ttl: Defaults for how long items live.
            clock: Tells the time, with its zone.

        Raises:
            BeliefError: The home has been embedded again since, with another embedder; or a run has that name.
        """
        self.ttl_config = ttl
        self._journal, self._name, self._clock = journal, name, clock
        self._embedder = embedder(embedding)
        now = current(journal.database, self._embedder.name)
        if now != self._embedder.name:
            raise BeliefError(
                f"this home's vectors were made again with {now}, and the store was opened with {self._embedder.name}: "
                "vectors of two embedding generations can't be compared. Open it with embedding=... for the former"
            )
        self._store = VectorStore(journal.database, self._embedder)
        self._fields = tuple(fields)
        self._lock = RLock()
        self._kept: dict[tuple[Namespace, str], _Kept] = {}
        self._count = 0
        self._seen = 0
        if name in journal.runs():
            self._see_store()
            self._catch_up()
        elif journal.writable:
            started = Entry(_EPISODE, "run.started", "", {"mode": "store", "spec": {}})
            journal.append(name, [started, Entry(ENDED, "run.ended", "")])  # so that nobody is told to resume it

    @classmethod
    @contextmanager
    def open(cls, home: str | Path, **settings: Any) -> Iterator[DoxaStore]:  # noqa: ANN401  as for the class
        """A store in a home, which it locks against other writers; arguments as for the class.

        Raises:
            HomeError: The home can't be used; the message says why.
        """
        with Journal.open(Home(Path(home)), write=True) as journal:
            yield cls(journal, **settings)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Execute operations; results in their order."""
        with self._lock:
            todo, now = list(ops), self._clock()
            self._catch_up()
            for op in todo:
                validate_op_namespace(op)
            read: dict[tuple[Namespace, str], None] = {}
            results = [self._result(op, now, read) for op in todo]
            puts = {(op.namespace, op.key): op for op in todo if isinstance(op, PutOp)}
            self._write([*self._touches(read, now), *(self._put(op, now) for op in puts.values())])
            return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Execute operations in another thread; results in their order."""
        return await asyncio.to_thread(self.batch, list(ops))

    def sweep(self) -> int:
        """Record that items whose time is over are gone, and return how many."""
        with self._lock:
            self._catch_up()
            now = self._clock()
            over = [place for place, kept in self._kept.items() if _over(kept, now)]
            self._write([self._put(PutOp(*place, None), now) for place in over])
            return len(over)

    # -- reading --------------------------------------------------------------------------------------------------

    def _result(self, op: Op, now: datetime, read: dict[tuple[Namespace, str], None]) -> Result:
        if isinstance(op, GetOp):
            kept = self._kept.get((op.namespace, op.key))
            if kept is None or _over(kept, now):
                return None
            self._note(read, [kept], refresh=op.refresh_ttl)
            return _copied(kept.item)
        if isinstance(op, SearchOp):
            found = self._found(op, now)
            self._note(read, [kept for kept, _ in found], refresh=op.refresh_ttl)
            return [_scored(kept.item, score) for kept, score in found]
        if isinstance(op, ListNamespacesOp):
            return self._namespaces(op, now)
        if isinstance(op, PutOp):
            return None
        raise ValueError(f"unknown operation {type(op).__name__}")

    def _found(self, op: SearchOp, now: datetime) -> list[tuple[_Kept, float | None]]:
        n = len(op.namespace_prefix)
        held = [
            kept
            for kept in self._kept.values()
            if kept.item.namespace[:n] == op.namespace_prefix
            and not _over(kept, now)
            and all(matches(kept.item.value.get(key), wanted) for key, wanted in (op.filter or {}).items())
        ]
        ranked: list[tuple[_Kept, float | None]] = [(kept, None) for kept in held]
        if op.query:
            query = self._store.passing([op.query])[0]
            scored = [(kept, _likeness(kept.vectors, query)) for kept in held]
            # what isn't indexed comes last; equals stay in the order in which they were put
            ranked = sorted(scored, key=lambda pair: -np.inf if pair[1] is None else pair[1], reverse=True)
        return ranked[op.offset : op.offset + op.limit]

    def _namespaces(self, op: ListNamespacesOp, now: datetime) -> list[Namespace]:
        held = {kept.item.namespace for kept in self._kept.values() if not _over(kept, now)}
        fitting = {ns for ns in held if all(_fits(condition, ns) for condition in op.match_conditions or ())}
        cut = {ns[: op.max_depth] for ns in fitting} if op.max_depth is not None else fitting
        return sorted(cut)[op.offset : op.offset + op.limit]

    # -- writing --------------------------------------------------------------------------------------------------

    def _note(self, read: dict[tuple[Namespace, str], None], kept: Iterable[_Kept], *, refresh: bool) -> None:
        if refresh and self._journal.writable:  # a reader lengthens no life
            read |= {(k.item.namespace, k.item.key): None for k in kept if k.ttl is not None}

    def _touches(self, read: Iterable[tuple[Namespace, str]], now: datetime) -> list[dict[str, Any]]:
        items = [[list(namespace), key] for namespace, key in read]
        return [{"op": "touch", "items": items, "at": now.isoformat()}] if items else []

    def _put(self, op: PutOp, now: datetime) -> dict[str, Any]:
        place: dict[str, Any] = {"namespace": list(op.namespace), "key": op.key, "at": now.isoformat()}
        if op.value is None:
            return {"op": "delete", **place}
        _see_ttl(op)
        value = dict(op.value)
        if not shallow(value, DEPTH - 1):
            raise BeliefError(f"the item {op.key!r} is nested deeper than {DEPTH - 1} levels: keep it flatter")
        paths = list(self._fields) if op.index is None else [] if op.index is False else list(op.index)
        return {"op": "put", **place, "value": value, "paths": paths, "ttl": op.ttl}

    def _write(self, payloads: Sequence[dict[str, Any]]) -> None:
        """Record changes in one transaction with the vectors of new texts, then apply them."""
        if not payloads:
            return
        entries = [Entry(_EPISODE, "store", f"{self._count + n:012d}", payload) for n, payload in enumerate(payloads)]
        for entry in entries:
            payload_text(self._name, entry)  # raises over what isn't JSON, before anything is embedded
        self._store.of([text for payload in payloads for text in indexed(payload)])
        self._journal.append(self._name, entries)
        self._catch_up()

    def _see_store(self) -> None:
        started = self._journal.find(self._name, _EPISODE, "run.started", "")
        if started is None or started.payload.get("mode") != "store":
            raise BeliefError(f"{self._name} is a run, and no store: give the store another name")

    def _catch_up(self) -> None:
        """Apply what is recorded and not seen yet, by this store or by another one in the same home."""
        if (length := self._journal.length(self._name)) == self._seen:
            return
        for event in self._journal.events(self._name, kind="store", after=self._seen):
            self._apply(event.payload)
        self._seen = length

    def _apply(self, payload: dict[str, Any]) -> None:
        self._count += 1
        at = datetime.fromisoformat(payload["at"])
        if payload["op"] == "touch":
            for namespace, key in payload["items"]:
                if kept := self._kept.get((tuple(namespace), key)):
                    kept.expires = _expiry(at, kept.ttl)
            return
        place = (tuple(payload["namespace"]), payload["key"])
        old = self._kept.get(place)
        if payload["op"] == "delete":
            self._kept.pop(place, None)
            return
        since = at if old is None or _over(old, at) else old.item.created_at
        item = Item(value=payload["value"], key=place[1], namespace=place[0], created_at=since, updated_at=at)
        vectors = self._store.of(indexed(payload))
        self._kept[place] = _Kept(item, payload["ttl"], _expiry(at, payload["ttl"]), vectors)


def indexed(payload: Mapping[str, Any]) -> list[str]:
    """What is embedded of an item, by the event that put it."""
    if payload["op"] != "put":
        return []
    paths = [path if path == "$" else tokenize_path(path) for path in payload["paths"]]
    return [text for path in paths for text in get_text_at_path(payload["value"], path)]


def _likeness(vectors: Vectors, query: Vectors) -> float | None:
    """Cosine of the nearest of an item's texts; ``None`` if it has none."""
    return round(float((vectors.astype(float) @ query.astype(float)).max()), 6) if len(vectors) else None


def _see_ttl(op: PutOp) -> None:
    """Make sure that an item's time to live is one.

    Raises:
        BeliefError: It isn't.
    """
    if op.ttl is None or (type(op.ttl) in {int, float} and op.ttl > 0):
        return
    raise BeliefError(f"ttl={op.ttl!r} for {op.key!r}: a number of minutes above 0, or None to keep it for good")


def _expiry(at: datetime, ttl: float | None) -> datetime | None:
    """When an item's time is over; ``None`` if never, or not before the calendar ends."""
    try:
        return None if ttl is None else at + timedelta(minutes=ttl)
    except OverflowError:
        return None


def _over(kept: _Kept, now: datetime) -> bool:
    return kept.expires is not None and kept.expires <= now


def _copied(item: Item) -> Item:
    told = {name: getattr(item, name) for name in ("key", "namespace", "created_at", "updated_at")}
    return Item(value=deepcopy(item.value), **told)


def _scored(item: Item, score: float | None) -> SearchItem:
    told = {name: getattr(item, name) for name in ("key", "namespace", "created_at", "updated_at")}
    return SearchItem(value=deepcopy(item.value), score=score, **told)


def _fits(condition: MatchCondition, namespace: Namespace) -> bool:
    """Whether a namespace begins or ends like a path; ``*`` stands for any label."""
    path = tuple(condition.path)
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in {"*", label} for wanted, label in zip(path, part, strict=True))
