"""Whatever is done to it, and however often it is opened again, DoxaStore answers like LangGraph's store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from langgraph.store.base import GetOp, Item, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from doxa.memory import HashingEmbedder, Home, Journal
from doxa.memory.store import DoxaStore

Namespace = tuple[str, ...]
Place = tuple[Namespace, str]

namespaces = st.sampled_from([("a",), ("a", "b"), ("a", "b", "c"), ("b",), ("b", "a")])
prefixes = namespaces | st.just(())
keys = st.sampled_from(["1", "2", "three", "4\N{SNOWMAN}"])
words = st.sampled_from(["rain falls", "prices rise", "the tone of news", "", "\N{SNOWMAN} melts"])
values = st.fixed_dictionaries(
    {"n": st.none() | st.integers(-2, 2) | st.sampled_from(["1", 0.5, True, [1, 2]])},
    optional={
        "text": words,
        "tags": st.lists(st.sampled_from(["almanac", "rainy tags"]), max_size=2, unique=True),
        "in": st.fixed_dictionaries({"deep": st.integers(10, 11)}),  # no text twice in an item: theirs fails over that
    },
)
indexes = st.sampled_from([None, False, ["text"], ["tags[*]"], ["in.deep", "n"]])
conditions = st.sampled_from(
    [
        {"n": 1},
        {"n": None},
        {"n": [1, 2]},
        {"in": {"deep": 11}},
        {"n": {"$ne": 1}},
        {"n": {"$eq": True}},
        {"other": None},
    ]
)
START = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = ["text", "tags[*]"]


def embedded(texts: Sequence[str]) -> list[list[float]]:
    return [[float(x) for x in row] for row in HashingEmbedder(64).embed(list(texts))]


class Stores(RuleBasedStateMachine):
    """Two stores that are told the same; times to live, which only one of them knows, are kept by hand."""

    @initialize()
    def begin(self) -> None:
        self.stack, self.opened = ExitStack(), ExitStack()
        self.home = self.stack.enter_context(TemporaryDirectory())
        self.theirs = InMemoryStore(index={"dims": 64, "embed": embedded, "fields": FIELDS})
        self.now = START
        self.lives: dict[Place, float] = {}
        self.ends: dict[Place, datetime] = {}
        self.open()

    def open(self) -> None:
        self.journal = self.opened.enter_context(Journal.open(Home(self.home), write=True))
        self.ours, self.other = self.made(), self.made()

    def made(self) -> DoxaStore:
        return DoxaStore(self.journal, embedding=HashingEmbedder(64), fields=FIELDS, clock=lambda: self.now)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.opened.close()
            self.stack.close()

    @rule()
    def reopen(self) -> None:
        self.opened.close()
        self.open()

    @rule()
    def swap(self) -> None:
        self.ours, self.other = self.other, self.ours

    @rule(namespace=namespaces, key=keys, value=values, index=indexes, ttl=st.sampled_from([None, 1, 2.5, 1e300]))
    def put(self, namespace: Namespace, key: str, value: dict[str, Any], index: Any, ttl: float | None) -> None:
        self.ours.put(namespace, key, value, index, ttl=ttl)
        self.put_there(namespace, key, value, index)
        self.note(namespace, key, ttl)

    @rule(namespace=namespaces, key=keys)
    def delete(self, namespace: Namespace, key: str) -> None:
        asyncio.run(self.ours.adelete(namespace, key))
        self.theirs.delete(namespace, key)
        self.note(namespace, key, None)

    @rule(puts=st.lists(st.tuples(namespaces, keys, st.none() | values), max_size=4), read=st.tuples(namespaces, keys))
    def batch(self, puts: list[tuple[Namespace, str, Any]], read: Place) -> None:
        writes = [PutOp(*read, {"n": "overwritten"}), *(PutOp(*put) for put in puts)]
        reads = [GetOp(*read, refresh_ttl=False), SearchOp((), limit=99, refresh_ttl=False)]
        theirs = self.theirs.batch(reads)
        *_, item, found = self.ours.batch([*writes, *reads])
        assert told(item) == told(theirs[0]), "what is read in a batch is what was there before it"
        assert listed(found) == listed(theirs[1])
        for op in writes:
            self.put_there(op.namespace, op.key, op.value)
            self.note(op.namespace, op.key, None)

    @rule(minutes=st.sampled_from([0.5, 1, 2]))
    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)
        for place in [place for place, end in self.ends.items() if end <= self.now]:
            self.theirs.delete(*place)
            self.note(*place, None)

    @rule()
    def sweep(self) -> None:
        self.ours.sweep()
        assert self.ours.sweep() == 0

    @rule(namespace=namespaces, key=keys, refresh=st.booleans())
    def get(self, namespace: Namespace, key: str, refresh: bool) -> None:  # noqa: FBT001
        found = self.ours.get(namespace, key, refresh_ttl=refresh)
        assert told(found) == told(self.theirs.get(namespace, key))
        if refresh:
            self.prolong((namespace, key))

    @rule(prefix=prefixes, condition=st.none() | conditions)
    def search(self, prefix: Namespace, condition: dict[str, Any] | None) -> None:
        found = self.ours.search(prefix, filter=condition, limit=99)
        assert listed(found) == listed(self.theirs.search(prefix, filter=condition, limit=99))
        self.prolong(*((item.namespace, item.key) for item in found))

    @rule(prefix=prefixes, query=words.filter(bool), limit=st.integers(1, 4))
    def ask(self, prefix: Namespace, query: str, limit: int) -> None:
        found = asyncio.run(self.ours.asearch(prefix, query=query, limit=99, refresh_ttl=False))
        theirs = self.theirs.search(prefix, query=query, limit=99)
        assert listed(found) == listed(theirs)
        assert scores(found) == {place: pytest.approx(score, abs=1e-4) for place, score in scores(theirs).items()}
        ranks = [-2 if item.score is None else item.score for item in found]
        assert ranks == sorted(ranks, reverse=True)
        pages = [
            self.ours.search(prefix, query=query, limit=limit, offset=start, refresh_ttl=False)
            for start in range(0, len(found) + 1, limit)
        ]
        assert [told(item) for page in pages for item in page] == [told(item) for item in found]

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "stack"):
            return
        held = self.theirs.search((), limit=99)
        for store in (self.ours, self.other):
            assert listed(store.search((), limit=99, refresh_ttl=False)) == listed(held)
            assert store.list_namespaces() == sorted({item.namespace for item in held})

    def put_there(self, namespace: Namespace, key: str, value: dict[str, Any] | None, index: Any = None) -> None:
        """LangGraph's store keeps the vectors of what is overwritten without a text, and fails over a text twice."""
        self.theirs.delete(namespace, key)
        if value is not None:
            self.theirs.put(namespace, key, value, index)

    def note(self, namespace: Namespace, key: str, ttl: float | None) -> None:
        self.lives.pop((namespace, key), None)
        self.ends.pop((namespace, key), None)
        if ttl is not None and ttl < 1e9:
            self.lives[namespace, key] = ttl
            self.prolong((namespace, key))

    def prolong(self, *places: Place) -> None:
        self.ends |= {place: self.now + timedelta(minutes=self.lives[place]) for place in places if place in self.lives}


def told(item: Item | None) -> Any:
    return item and (item.namespace, item.key, item.value)


def listed(items: Any) -> list[Any]:
    return sorted(map(told, items), key=repr)


def scores(items: Any) -> dict[Place, float | None]:
    return {(item.namespace, item.key): item.score for item in items}


Stores.TestCase.settings = settings(
    max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStores = Stores.TestCase
