"""The library: what is put in is found exactly by filters and vectors, whatever happens to its files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import BeliefError
from doxa.memory import Predicate
from doxa.memory.embeddings import Vectors, normalized
from doxa.memory.index import Progress
from doxa.memory.library import Library
from doxa.memory.matrix import Matrix
from doxa.memory.passages import Fact, Passage
from doxa.memory.scope import holds

WIDTH = 16
START = datetime(2024, 1, 1, tzinfo=UTC)


def drawn(n: int, seed: int = 0, width: int = WIDTH) -> Vectors:
    return normalized(np.random.default_rng(seed).standard_normal((n, width)))


def ids(library: Library, rows: Sequence[int]) -> set[str]:
    return set(library.ids(np.array(sorted(rows), np.int64)))


def meets(p: Predicate, fact: Fact) -> bool:
    if isinstance(fact, tuple):
        held = [holds(p, one) for one in fact]
        return bool(held) and (all(held) if p.op == "!=" else any(held))
    return holds(p, fact)


FACTS = st.dictionaries(
    st.sampled_from(["source", "size", "tags"]),
    st.one_of(
        st.sampled_from(["news", "prices", ""]),
        st.sampled_from([0.0, 1.0, 2.5, -3.0]),
        st.lists(st.sampled_from(["a", "b", "news"]), max_size=3).map(tuple),
    ),
)
PREDICATES = st.builds(
    Predicate,
    fact=st.sampled_from(["source", "size", "tags", "unknown"]),
    op=st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in"]),
    value=st.one_of(
        st.sampled_from(["news", "a", ""]),
        st.sampled_from([0.0, 1.0, 2.5]),
        st.lists(st.sampled_from(["news", "b", 0.0, 2.5])).map(tuple),
    ),
)


@settings(max_examples=60, deadline=None)
@given(facts=st.lists(FACTS, max_size=12), where=st.lists(PREDICATES, min_size=1, max_size=3), cut=st.integers(0, 12))
def test_filters_find_exactly_what_meets_every_condition(
    facts: list[dict[str, Fact]], where: list[Predicate], cut: int
) -> None:
    with Library.temporary("g", WIDTH) as library:
        passages = [Passage(f"p{i}", "text", known) for i, known in enumerate(facts)]
        library.put(passages[:cut], drawn(len(passages[:cut])))
        library.mask(where)  # columns that were read before the rest came have to grow
        library.put(passages[cut:], drawn(len(passages[cut:])))
        found = set(np.flatnonzero(library.mask(where)).tolist())
        assert found == {
            i for i, known in enumerate(facts) if all(p.fact in known and meets(p, known[p.fact]) for p in where)
        }


TIMES = st.one_of(
    st.none(),
    st.integers(0, 5).map(lambda d: START + timedelta(days=d)),
    st.integers(0, 5).map(lambda d: datetime(2024, 1, 1) + timedelta(days=d)),  # noqa: DTZ001
)


@settings(max_examples=40, deadline=None)
@given(times=st.lists(TIMES, max_size=10), as_of=TIMES.filter(bool))
def test_nothing_known_later_or_nobody_knows_when_passes_the_guard(
    times: list[datetime | None], as_of: datetime
) -> None:
    with Library.temporary("g", WIDTH) as library:
        library.put([Passage(f"p{i}", "text", known_at=t) for i, t in enumerate(times)], drawn(len(times)))
        found = set(np.flatnonzero(library.mask(as_of=as_of)).tolist())
        comparable = {i: t for i, t in enumerate(times) if t and (t.tzinfo is None) == (as_of.tzinfo is None)}
        assert found == {i for i, t in comparable.items() if t <= as_of}


@pytest.mark.parametrize("spread", ["alone", "repeated", "sparse"])
@pytest.mark.parametrize("share", [None, 0.1, 0.9])
def test_the_search_over_rounded_vectors_gives_what_scoring_everything_gives(
    tmp_path: Path, spread: str, share: float | None
) -> None:
    rng = np.random.default_rng(3)
    vectors = drawn(60_000)
    if spread == "repeated":
        vectors = vectors[rng.integers(0, 3_000, 60_000)]
    if spread == "sparse":
        vectors = normalized(vectors * (rng.random(vectors.shape) < 0.2))
    matrix = Matrix(tmp_path, WIDTH, 0, exact=60_000)
    matrix.append(vectors)
    rows = None if share is None else np.flatnonzero(rng.random(60_000) < share)
    meant = np.arange(60_000) if rows is None else rows
    for query in drawn(5, seed=4):
        scores = np.round(vectors[meant].astype(float) @ query.astype(float), 6)
        last = np.sort(scores)[-20]
        found = matrix.best(query, 20, rows)
        assert set(found.rows.tolist()) == set(meant[scores >= last].tolist())
        assert sorted(found.scores) == pytest.approx(sorted(scores[scores >= last]))


def test_the_search_scores_only_what_can_be_among_the_best(tmp_path: Path) -> None:
    matrix = Matrix(tmp_path, 64, 0)
    matrix.append(drawn(20_000, width=64))
    assert len(matrix._possible(drawn(1, seed=9, width=64)[0], 10, None)) < 400


def clustered(n: int, width: int) -> Vectors:
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((n // 100, width))
    return normalized(centres[rng.integers(0, len(centres), n)] + 0.7 * rng.standard_normal((n, width)))


@pytest.mark.parametrize("spread", ["alone", "clustered", "sparse", "crowded"])
@pytest.mark.parametrize("share", [None, 0.5])
def test_among_very_many_the_best_are_found_by_their_bits(tmp_path: Path, spread: str, share: float | None) -> None:
    rng, n, k = np.random.default_rng(3), 30_000, 10
    vectors = clustered(n, 64) if spread == "clustered" else drawn(n, width=64)
    if spread == "sparse":
        vectors = normalized(vectors * (rng.random(vectors.shape) < 0.2))
    if spread == "crowded":
        vectors = normalized(vectors[:1] + 0.2 * vectors)
    (tmp_path / "bits").mkdir()
    exact, bits = Matrix(tmp_path, 64, 0), Matrix(tmp_path / "bits", 64, 0, exact=1_000)
    for matrix in (exact, bits):
        matrix.append(vectors)
    rows = None if share is None else np.flatnonzero(rng.random(n) < share)
    queries = vectors[rng.integers(0, n, 60)] + 0.1 * drawn(60, seed=9, width=64)
    hits = 0
    for query in normalized(queries):
        told = dict(zip(*(a.tolist() for a in vars(exact.best(query, k, rows)).values()), strict=True))
        found = bits.best(query, 10 * k, rows, sure=k)
        assert len(found.rows) >= 10 * k
        hits += len(told.keys() & set(found.rows.tolist()))
        assert all(told.get(row, score) == score for row, score in zip(found.rows, found.scores, strict=True))
    assert hits >= 0.98 * 60 * k


def test_bits_find_the_same_in_whatever_order_rows_came(tmp_path: Path) -> None:
    vectors, order = drawn(12_000, width=64), np.random.default_rng(1).permutation(12_000)
    found = []
    for name, rows in (("one", np.arange(12_000)), ("other", order)):
        (tmp_path / name).mkdir()
        matrix = Matrix(tmp_path / name, 64, 0, exact=1_000)
        matrix.append(vectors[rows])
        best = matrix.best(drawn(1, seed=8, width=64)[0], 100, sure=5)
        found.append(dict(zip(rows[best.rows].tolist(), best.scores.tolist(), strict=True)))
    assert found[0] == found[1]


def test_only_a_few_are_scored_among_very_many(tmp_path: Path) -> None:
    vectors = clustered(60_000, 64)
    matrix = Matrix(tmp_path, 64, 0)
    matrix.append(vectors)
    assert len(matrix._alike(vectors[7], 100, None, 10)) < 10_000


def test_what_is_put_in_again_or_taken_out_is_found_no_more() -> None:
    with Library.temporary("g", WIDTH) as library:
        rows = drawn(3)
        library.put([Passage("a", "old"), Passage("b", "kept"), Passage("a", "newer")], rows)
        assert ids(library, library.nearest(rows[0], 5).rows) == {"a", "b"}
        assert library.texts(library.nearest(rows[2], 1).rows) == ["newer"]
        library.put([Passage("a", "newest")], rows[:1])
        library.remove(["b", "never there"])
        assert library.texts(np.flatnonzero(library.mask())) == ["newest"]
        assert len(library) == 1


def test_it_is_there_again_when_it_is_opened_again(tmp_path: Path) -> None:
    rows = drawn(3)
    with Library(tmp_path / "l", "g", WIDTH) as library:
        library.put([Passage(f"p{i}", f"text {i}", {"n": float(i)}) for i in range(3)], rows)
        library.remove(["p1"], progress=Progress(7, "hash"))
    with Library(tmp_path / "l", "g", WIDTH) as library:
        assert len(library) == 2
        assert library.progress == Progress(7, "hash")
        assert library.texts(library.nearest(rows[2], 1).rows) == ["text 2"]
        assert np.array_equal(library.vectors(np.array([0, 2])), rows[[0, 2]])


@pytest.mark.parametrize("damage", ["truncated", "garbage", "generation", "dimension"])
def test_a_folder_that_cannot_be_used_is_made_anew(tmp_path: Path, damage: str) -> None:
    folder, generation, width = tmp_path / "l", "g", WIDTH
    with Library(folder, generation, width) as library:
        library.put([Passage("a", "text")], drawn(1), progress=Progress(1, "hash"))
    if damage == "truncated":
        (folder / "vectors.small").write_bytes(b"")
    elif damage == "garbage":
        for path in folder.glob("library*"):
            path.write_bytes(b"no database" * 1000)
    elif damage == "generation":
        generation = "other"
    else:
        width = 8
    with Library(folder, generation, width) as library:
        assert len(library) == 0
        assert library.progress == Progress()
        library.put([Passage("a", "text")], drawn(1, width=width))
        assert len(library) == 1


def test_a_batch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken: Any = Passage("b", "text", {"n": 1.0, "bad": object()})  # type: ignore[dict-item]
    with Library(tmp_path / "l", "g", WIDTH) as library:
        library.put([Passage("a", "text", {"n": 0.0})], drawn(1))
        with pytest.raises((TypeError, ValueError)):
            library.put([broken], drawn(1))
        library.put([Passage("d", "text", {"n": 2.0})], drawn(1))
        assert ids(library, np.flatnonzero(library.mask([Predicate(fact="n", op=">=", value=0.0)])).tolist()) == {
            "a",
            "d",
        }


def test_vectors_have_to_fit() -> None:
    with Library.temporary("g", WIDTH) as library:
        with pytest.raises(BeliefError, match=r"one row of 16 numbers"):
            library.put([Passage("a", "text")], drawn(2))
        with pytest.raises(BeliefError, match=r"no fact can be called '#words'"):
            library.put([Passage("a", "text", {"#words": 1.0})], drawn(1))


def test_half_a_surrogate_pair_can_be_kept() -> None:
    with Library.temporary("g", WIDTH) as library:
        library.put([Passage("a", "rates \ud800 rise")], drawn(1))
        assert library.worded("rise", library.mask()).rows.tolist() == [0]
