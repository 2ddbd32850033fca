"""DoxaStore keeps the promises of LangGraph's stores; where those are in memory, both are asked the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore

from doxa.errors import BeliefError, HomeError, JournalError
from doxa.graphs import Run
from doxa.memory import HashingEmbedder, Home, Journal
from doxa.memory.embeddings import Vectors
from doxa.memory.store import DoxaStore
from doxa.memory.upkeep import reembed

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


class Counting(HashingEmbedder):
    count = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        type(self).count += len(texts)
        return super().embed(texts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[DoxaStore]:
    with DoxaStore.open(tmp_path / "home", clock=clock, fields=["text", "content", "tags[*]"]) as opened:
        yield opened


def in_memory() -> InMemoryStore:
    def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in HashingEmbedder().embed(list(texts))]

    return InMemoryStore(index={"dims": 512, "embed": embed, "fields": ["text", "tags[*]"]})


Session = Callable[[Any], Any]


def put_some(store: BaseStore) -> None:
    items: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
        (("docs", "a"), "1", {"text": "the tone of the news", "n": 1, "kind": "x"}),
        (("docs", "a"), "2", {"text": "momentum of prices", "n": 2, "kind": "y", "in": {"deep": [1, 2]}}),
        (
            ("docs", "b"),
            "1",
            {"text": "pressure falls before rain", "n": 3.5, "kind": "x", "tags": ["almanac", "rain"]},
        ),
        (("docs", "b", "c"), "3", {"text": "nothing", "kind": None}),
        (("users",), "me", {"name": "I"}),
    ]
    for n, (namespace, key, value) in enumerate(items):
        store.put(namespace, key, value, index=False if n == 3 else None)


def keys(found: Sequence[Any]) -> list[tuple[tuple[str, ...], str]]:
    return [(item.namespace, item.key) for item in found]


SESSIONS: dict[str, Session] = {
    "get": lambda s: s.get(("docs", "a"), "1").value,
    "missing": lambda s: s.get(("docs", "a"), "9"),
    "another namespace": lambda s: s.get(("docs",), "1"),
    "prefix": lambda s: keys(s.search(("docs",))),
    "everything": lambda s: keys(s.search(())),
    "page": lambda s: keys(s.search(("docs",), limit=2, offset=1)),
    "equal": lambda s: keys(s.search(("docs",), filter={"kind": "x"})),
    "null": lambda s: keys(s.search(("docs",), filter={"kind": None})),
    "both": lambda s: keys(s.search((), filter={"kind": "x", "n": {"$gt": 1}})),
    "between": lambda s: keys(s.search(("docs", "a"), filter={"n": {"$gte": 1, "$lt": 2}})),
    "not": lambda s: keys(s.search((), filter={"kind": {"$ne": "x"}})),
    "at most": lambda s: keys(s.search(("docs", "a"), filter={"n": {"$lte": 1}})),
    "nested": lambda s: keys(s.search((), filter={"in": {"deep": [1, 2]}})),
    "query": lambda s: [(i.key, round(i.score, 4)) for i in s.search(("docs", "a"), query="momentum of the prices")],
    "query in a list": lambda s: keys(s.search(("docs",), query="almanac", limit=1)),
    "query and filter": lambda s: keys(s.search(("docs",), query="momentum", filter={"kind": "x"}, limit=1)),
    "query reaches what isn't indexed": lambda s: {k for _, k in keys(s.search(("docs",), query="news", limit=9))},
    "namespaces": lambda s: s.list_namespaces(),
    "namespaces under": lambda s: s.list_namespaces(prefix=("docs",)),
    "namespaces ending": lambda s: s.list_namespaces(suffix=("c",)),
    "namespaces like": lambda s: s.list_namespaces(prefix=("docs", "*"), max_depth=2),
    "namespaces cut": lambda s: s.list_namespaces(max_depth=1),
    "namespaces paged": lambda s: s.list_namespaces(limit=1, offset=1),
    "overwritten": lambda s: (s.put(("docs", "a"), "1", {"n": 9}), s.get(("docs", "a"), "1").value)[1],
    "deleted": lambda s: (s.delete(("docs", "a"), "1"), s.get(("docs", "a"), "1"), keys(s.search(("docs", "a"))))[1:],
    "deleted twice": lambda s: (s.delete(("x",), "1"), s.delete(("x",), "1")),
    "emptied namespace": lambda s: (s.delete(("users",), "me"), keys(s.search(("users",))))[1],
    "batch": lambda s: (
        [
            r if not hasattr(r, "value") else r.value
            for r in s.batch(
                [
                    PutOp(("n",), "k", {"v": 1}),
                    PutOp(("n",), "k", {"v": 2}),
                    GetOp(("n",), "k"),
                    GetOp(("users",), "me"),
                ]
            )
        ]
        + [s.get(("n",), "k").value]
    ),
    "batch of reads": lambda s: [
        len(r)
        for r in s.batch(
            [
                SearchOp(("docs",), filter={"kind": "x"}),
                ListNamespacesOp(
                    match_conditions=(MatchCondition("prefix", ("docs",)), MatchCondition("suffix", ("a",)))
                ),
            ]
        )
    ],
}


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS.keys())
def test_it_answers_like_langgraphs_own_store(store: DoxaStore, session: Session) -> None:
    theirs = in_memory()
    for each in (store, theirs):
        put_some(each)
    assert session(store) == session(theirs)


def test_async_and_sync_are_the_same(store: DoxaStore) -> None:
    async def play() -> Any:
        await asyncio.gather(*(store.aput(("n",), str(i), {"i": i, "text": f"t{i}"}) for i in range(8)))
        await store.adelete(("n",), "0")
        found = await store.asearch(("n",), query="t3", limit=1)
        return found[0].value, await store.aget(("n",), "0"), await store.alist_namespaces(prefix=("n",))

    assert asyncio.run(play()) == ({"i": 3, "text": "t3"}, None, [("n",)])
    assert len(store.search(("n",))) == 7


def test_wrong_input_is_refused_and_leaves_nothing(store: DoxaStore) -> None:
    for namespace in ((), ("a.b",), ("",), ("langgraph", "x"), (1,)):
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {"v": 1})  # type: ignore[arg-type]
    with pytest.raises(JournalError, match="isn't JSON"):
        store.put(("n",), "k", {"v": object()})
    with pytest.raises(JournalError, match="isn't JSON"):
        store.batch([PutOp(("n",), "good", {"v": 1}), PutOp(("n",), "bad", {"v": float("nan")})])
    assert store.search(()) == []
    store.put(("n",), "k", {"v": "1"})
    with pytest.raises(ValueError, match=r"unknown filter operator '\$near'"):
        store.search(("n",), filter={"v": {"$near": 1}})
    assert store.search(("n",), filter={"missing": {"$gt": 1}}) == []


def test_what_is_returned_is_a_copy(store: DoxaStore) -> None:
    value = {"inner": [1]}
    store.put(("n",), "k", value)
    value["inner"].append(2)
    store.get(("n",), "k").value["inner"].append(3)  # type: ignore[union-attr]
    store.search(("n",))[0].value["inner"].append(4)
    assert store.get(("n",), "k").value == {"inner": [1]}  # type: ignore[union-attr]


def test_times_are_the_clocks(store: DoxaStore, clock: Clock) -> None:
    store.put(("n",), "k", {"v": 1})
    clock.later(5)
    store.put(("n",), "k", {"v": 2})
    item = store.get(("n",), "k")
    assert item is not None
    assert (item.created_at, item.updated_at) == (NOON, NOON + timedelta(minutes=5))


def test_items_live_as_long_as_they_are_read(store: DoxaStore, clock: Clock) -> None:
    store.put(("n",), "short", {"v": 1}, ttl=10)
    store.put(("n",), "long", {"v": 1})
    clock.later(9)
    assert store.get(("n",), "short") is not None
    clock.later(9)
    assert store.get(("n",), "short", refresh_ttl=False) is not None, "the read before gave it ten more minutes"
    assert len(store.search(("n",), refresh_ttl=False)) == 2
    clock.later(1)
    assert store.get(("n",), "short") is None
    assert keys(store.search(("n",))) == [(("n",), "long")]
    assert (store.sweep(), store.sweep()) == (1, 0)


def test_a_default_time_to_live(tmp_path: Path, clock: Clock) -> None:
    with DoxaStore.open(tmp_path, clock=clock, ttl={"default_ttl": 1, "refresh_on_read": False}) as store:
        store.put(("n",), "k", {"v": 1})
        store.put(("n",), "kept", {"v": 1}, ttl=None)
        assert store.get(("n",), "k") is not None
        clock.later(1)
        assert store.get(("n",), "k") is None
        assert store.list_namespaces() == [("n",)]
        assert keys(store.search(())) == [(("n",), "kept")]


def test_it_is_all_there_after_reopening_and_nothing_is_embedded_again(tmp_path: Path, clock: Clock) -> None:
    def whole(store: BaseStore) -> list[Any]:
        return [(i.dict(), i.score) for i in store.search((), query="prices", limit=99, refresh_ttl=False)]

    with DoxaStore.open(tmp_path, clock=clock, embedding=Counting()) as store:
        put_some(store)
        store.put(("n",), "brief", {"v": 1}, ttl=10)
        clock.later(9)
        store.get(("n",), "brief")
        store.delete(("users",), "me")
        before = whole(store)
        with pytest.raises(HomeError, match="in use"), DoxaStore.open(tmp_path):
            pass
    Counting.count = 0
    clock.later(9)
    with DoxaStore.open(tmp_path, clock=clock, embedding=Counting()) as store:
        assert whole(store) == before
    assert Counting.count == 1, "only the query"
    with Journal.open(Home(tmp_path), write=False) as journal:
        journal.verify("store")
        assert (Run.read(journal, "store").mode, Run.read(journal, "store").ended) == ("store", True)
        assert len(list(journal.events("store", kind="store"))) == 8, "what was deleted stays on record"
        reading = DoxaStore(journal, clock=clock)
        assert len(reading.search(())) == 5
        with pytest.raises(JournalError, match="for reading only"):
            reading.put(("n",), "k", {"v": 1})


def test_what_it_indexes_is_embedded_again_with_the_home(tmp_path: Path, clock: Clock) -> None:
    new = Counting(64)
    with DoxaStore.open(tmp_path, clock=clock) as store:
        put_some(store)
        texts = [item.value for item in store.search((), limit=99)]
    Counting.count = 0
    with Journal.open(Home(tmp_path), write=True) as journal:
        reembed(journal, new)
    assert Counting.count > 0
    Counting.count = 0
    with DoxaStore.open(tmp_path, clock=clock, embedding=new) as store:
        assert [item.value for item in store.search((), limit=99)] == texts
        assert Counting.count == 0, "the vectors were there"
        assert store.search((), query="momentum of prices")[0].value["n"] == 2
        assert {kept.vectors.shape[1] for kept in store._kept.values()} == {64}
    with pytest.raises(BeliefError, match=r"made again with .*64.*embedding="), DoxaStore.open(tmp_path):
        pass


def test_langmem_keeps_its_memories_in_it(store: DoxaStore) -> None:
    langmem = pytest.importorskip("langmem", reason="langmem isn't installed: pip install langmem")
    place, ana, bo = ("memories", "{user}"), {"configurable": {"user": "ana"}}, {"configurable": {"user": "bo"}}
    manage = langmem.create_manage_memory_tool(namespace=place, store=store)
    search = langmem.create_search_memory_tool(namespace=place, store=store)

    def told(answer: str) -> list[str]:
        return [item["value"]["content"] for item in json.loads(answer)]

    manage.invoke({"content": "Ana eats rye bread.", "action": "create"}, config=ana)
    asyncio.run(manage.ainvoke({"content": "The harbour fee is 40.", "action": "create"}, config=ana))
    key = json.loads(search.invoke({"query": "harbour fee"}, config=ana))[0]["key"]
    manage.invoke({"content": "The harbour fee is 55.", "action": "update", "id": key}, config=ana)
    assert told(asyncio.run(search.ainvoke({"query": "harbour fee", "limit": 1}, config=ana))) == [
        "The harbour fee is 55."
    ]
    assert told(search.invoke({"query": "harbour fee"}, config=bo)) == []
    manage.invoke({"action": "delete", "id": key}, config=ana)
    assert told(search.invoke({"query": "harbour fee"}, config=ana)) == ["Ana eats rye bread."]


def test_a_langgraph_graph_uses_it(store: DoxaStore) -> None:
    class State(TypedDict):
        said: str

    def remember(state: State, *, store: BaseStore) -> State:
        store.put(("notes",), "last", {"text": state["said"]})
        return {"said": store.search(("notes",), query="rain")[0].value["text"] if store.search(("notes",)) else ""}

    graph = StateGraph(State)
    graph.add_node("remember", remember)
    graph.add_edge(START, "remember")
    graph.add_edge("remember", END)
    assert graph.compile(store=store).invoke({"said": "rain comes"}) == {"said": "rain comes"}
    assert store.get(("notes",), "last").value == {"text": "rain comes"}  # type: ignore[union-attr]


@pytest.mark.parametrize("ttl", [0, -1, True, "5"])
def test_a_time_to_live_that_is_none_is_refused_and_leaves_nothing(store: DoxaStore, ttl: Any) -> None:
    with pytest.raises(BeliefError, match=r"ttl=.* for 'k': a number of minutes above 0, or None"):
        store.put(("n",), "k", {"v": 1}, ttl=ttl)
    assert store.search(()) == []


def test_what_outlives_the_calendar_is_kept_for_good(tmp_path: Path, clock: Clock) -> None:
    for opened in range(2):
        with DoxaStore.open(tmp_path, clock=clock) as store:
            store.put(("n",), str(opened), {"v": 1}, ttl=1e300)
            assert len(store.search(())) == opened + 1
            clock.later(10**9)


def test_half_a_surrogate_pair_is_kept_and_searched(tmp_path: Path) -> None:
    with DoxaStore.open(tmp_path) as store:
        store.put(("n",), "k", {"text": "half \ud800"})
        assert store.search((), query="half \ud800")[0].value == {"text": "half \ud800"}
    with DoxaStore.open(tmp_path) as store:
        assert store.get(("n",), "k").value == {"text": "half \ud800"}  # type: ignore[union-attr]


@pytest.mark.parametrize(("deep", "fits"), [(63, True), (64, False), (100_000, False)])
def test_items_are_as_flat_as_an_archive_wants_them(store: DoxaStore, deep: int, fits: bool) -> None:  # noqa: FBT001
    value: dict[str, Any] = {}
    for _ in range(deep - 1):
        value = {"in": value}
    if fits:
        store.put(("n",), "k", value)
    else:
        with pytest.raises(BeliefError, match="nested deeper than 63 levels"):
            store.put(("n",), "k", value)
    assert len(store.search(())) == fits


def test_a_run_is_no_store(tmp_path: Path) -> None:
    with Journal.open(Home(tmp_path), write=True) as journal:
        run = journal.begin("rain")
        with pytest.raises(BeliefError, match=r"rain-1 is a run, and no store: give the store another name"):
            DoxaStore(journal, name=run)
        assert journal.length(run) == 0


def test_a_reader_sees_what_was_put_since_it_opened(tmp_path: Path) -> None:
    with DoxaStore.open(tmp_path) as store, Journal.open(Home(tmp_path), write=False) as journal:
        reader = DoxaStore(journal)
        assert reader.get(("n",), "k") is None
        store.put(("n",), "k", {"v": 1})
        assert reader.get(("n",), "k").value == {"v": 1}  # type: ignore[union-attr]
