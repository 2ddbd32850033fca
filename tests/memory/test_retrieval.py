"""Hybrid retrieval: filters never leak, the order depends on nothing it shouldn't, and the newer word comes first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from superseded import chroma, doxa, share

from doxa.errors import BeliefError
from doxa.memory import HashingEmbedder, Predicate
from doxa.memory.fusion import Weights, fuse, ranking, recency
from doxa.memory.library import Library
from doxa.memory.passages import Passage
from doxa.memory.retrieval import Found, Retriever

EMBEDDER = HashingEmbedder(64)
START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = ("rates", "rise", "oil", "falls", "news", "momentum", "cut", "exposure", "bank", "late")


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def filled(passages: Sequence[Passage], *, batch: int = 1_000, embedder: HashingEmbedder = EMBEDDER) -> Library:
    library = Library.temporary(embedder.name, embedder.dimension)
    for start in range(0, len(passages), batch):
        some = passages[start : start + batch]
        library.put(some, embedder.embed([p.text for p in some]))
    return library


def order(found: Sequence[Found]) -> list[str]:
    return [f.id for f in found]


TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
PASSAGES = st.lists(
    st.tuples(TEXTS, st.sampled_from(["news", "prices"]), st.integers(0, 9), st.sets(st.integers(0, 9), max_size=2)),
    min_size=1,
    max_size=10,
).map(
    lambda drawn: [
        Passage(f"p{i}", text, {"source": source}, day(known), tuple(f"p{j}" for j in sorted(older)))
        for i, (text, source, known, older) in enumerate(drawn)
    ]
)


@settings(max_examples=30, deadline=None)
@given(passages=PASSAGES, text=TEXTS, as_of=st.integers(0, 9), pool=st.integers(1, 10))
def test_nothing_is_found_that_filter_or_time_exclude(
    passages: list[Passage], text: str, as_of: int, pool: int
) -> None:
    where = [Predicate(fact="source", op="==", value="news")]
    allowed = {p.id for p in passages if p.facts["source"] == "news" and p.known_at and p.known_at <= day(as_of)}
    with filled(passages) as library:
        found = Retriever(library, EMBEDDER.embed, pool=pool).search(text, 10, where=where, as_of=day(as_of))
    assert {*order(found), *(newer for f in found for newer in f.superseded_by)} <= allowed
    assert pool < len(allowed) or set(order(found)) == allowed


@settings(max_examples=30, deadline=None)
@given(
    passages=PASSAGES, text=TEXTS, seed=st.integers(0, 99), pool=st.integers(1, 10), diversity=st.sampled_from([0, 0.5])
)
def test_the_order_in_which_passages_came_changes_nothing(
    passages: list[Passage], text: str, seed: int, pool: int, diversity: float
) -> None:
    shuffled = random.Random(seed).sample(passages, len(passages))
    weights = Weights(diversity=diversity)
    with filled(passages) as one, filled(shuffled, batch=3) as other:
        answers = [Retriever(lib, EMBEDDER.embed, weights, pool).search(text, 6, explain=True) for lib in (one, other)]
    assert answers[0] == answers[1]


@settings(max_examples=30, deadline=None)
@given(passages=PASSAGES, text=TEXTS, diversity=st.sampled_from([0, 0.7]))
def test_what_is_superseded_stands_behind_what_supersedes_it(
    passages: list[Passage], text: str, diversity: float
) -> None:
    older_only = [
        Passage(p.id, p.text, p.facts, p.known_at, tuple(o for o in p.supersedes if o < p.id)) for p in passages
    ]  # no rings
    with filled(older_only) as library:
        found = order(Retriever(library, EMBEDDER.embed, Weights(diversity=diversity)).search(text, len(passages)))
    for p in older_only:
        for older in p.supersedes:
            assert older not in found or found.index(p.id) < found.index(older)


def test_a_correction_is_found_in_the_place_of_what_it_corrects_even_in_other_words() -> None:
    passages = [
        Passage("old", "rates rise after the meeting", known_at=day(0)),
        Passage("new", "that held only until spring", known_at=day(0), supersedes=("old",)),
        *(Passage(f"x{i}", f"oil falls {i}", known_at=day(0)) for i in range(30)),
    ]
    with filled(passages) as library:
        found = Retriever(library, EMBEDDER.embed, pool=1).search("when do rates rise", 2)
    assert order(found) == ["new", "old"]
    assert found[1].superseded_by == ("new",)


def test_a_ring_of_supersessions_is_no_trap() -> None:
    passages = [Passage(i, f"rates rise {i}", supersedes=(j,)) for i, j in (("a", "b"), ("b", "c"), ("c", "a"))]
    with filled(passages) as library:
        assert len(Retriever(library, EMBEDDER.embed).search("rates", 3)) == 3


def test_the_newer_statement_comes_first() -> None:
    embedder = HashingEmbedder()
    assert share(doxa, embedder, linked=True) >= 0.95
    assert share(doxa, embedder, linked=False) >= 0.70
    assert share(chroma, embedder, linked=True) < 0.70, "the set doesn't answer itself"


@settings(max_examples=100, deadline=None)
@given(ages=st.lists(st.floats(-10, 5_000), min_size=2, max_size=8), half_life=st.floats(0.1, 1_000))
def test_recency_never_grows_with_age(ages: list[float], half_life: float) -> None:
    faded = recency(np.sort(np.array(ages)), half_life)
    assert (np.diff(faded) <= 0).all()
    assert ((faded >= 0) & (faded <= 1)).all()


@given(older=st.floats(0, 1_000), by=st.floats(0, 1_000), scores=st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_to_get_older_never_helps(older: float, by: float, scores: list[float]) -> None:
    dense, lexical, coverage = np.array(scores), np.abs(scores), np.array([1.0, 0.5, 0.5])
    before, after = (
        fuse(dense, lexical, coverage, np.array([age, 10.0, np.nan]), Weights()).score for age in (older, older + by)
    )
    assert after[0] <= before[0]
    assert np.array_equal(after[1:], before[1:])


def test_what_nobody_knows_the_age_of_counts_as_old() -> None:
    assert recency(np.array([np.nan, 0.0, 90.0]), 90).tolist() == [0, 1, 0.5]


@given(order=st.permutations(range(8)))
def test_fusion_gives_each_its_score_whatever_its_place(order: list[int]) -> None:
    rng = np.random.default_rng(1)
    dense, lexical, coverage, ages = rng.random(8), rng.random(8), rng.random(8), rng.random(8) * 100
    straight = fuse(dense, lexical, coverage, ages, Weights()).score
    assert np.array_equal(
        fuse(dense[order], lexical[order], coverage[order], ages[order], Weights()).score, straight[order]
    )


def test_diversity_prefers_the_second_subject_to_the_same_again() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    scores = np.array([1.0, 0.9, 0.5])
    assert ranking(["a", "b", "c"], scores, {}, vectors, 2) == (0, 1)
    assert ranking(["a", "b", "c"], scores, {}, vectors, 2, diversity=0.5) == (0, 2)


def test_both_legs_find() -> None:
    passages = [Passage(f"x{i}", f"{a} {b}") for i, (a, b) in enumerate((a, b) for a in WORDS for b in WORDS)]
    passages.append(Passage("inflected", "the bank is exposing itself to cutting"))
    with filled(passages) as library:
        found = Retriever(library, EMBEDDER.embed).search("exposing cuts", 1, explain=True)
        assert order(found) == ["inflected"]
        assert {"dense", "lexical", "coverage", "dense_z", "lexical_z", "recency", "cues", "pool"} == set(
            found[0].parts
        )
        assert found[0].parts["lexical"] > 0
        assert not Retriever(library, EMBEDDER.embed).search("exposing", 1)[0].parts
        weights = Weights(lexical=0)
        (dense,) = Retriever(library, EMBEDDER.embed, weights).search("exposing cuts", 1, explain=True)
        assert dense.score == pytest.approx(0.5 * dense.parts["dense_z"], abs=1e-5)


def test_frequent_words_are_left_out() -> None:
    from doxa.memory.lexicon import Lexicon

    with filled([Passage(f"p{i}", f"the rate of {WORDS[i % 10]}") for i in range(50)]) as library:
        library._lexicon = Lexicon(library._connection, budget=20)
        for _ in range(2):  # the second time it is remembered
            found = library.worded("the bank rates of oil", library.mask())
            assert found.left == ("of", "rates", "the")
            assert set(found.words) == {"bank", "oil"}
            assert len(found.rows) == 10


def test_an_imagined_outcome_pulls_the_search_towards_it() -> None:
    passages = [Passage("fall", "prices collapsed within a week"), Passage("rise", "the question of the day was rates")]
    with filled(passages) as library:
        retriever = Retriever(library, EMBEDDER.embed, Weights(lexical=0))
        question = "what of the question of rates"
        assert order(retriever.search(question, 2)) == ["rise", "fall"]
        imagined = retriever.search(
            question, 2, imagine=lambda _: ["prices collapsed", "prices collapsed within a week"]
        )
        assert order(imagined) == ["fall", "rise"]


def test_an_empty_library_and_a_filter_that_nothing_meets_find_nothing(tmp_path: Path) -> None:
    with Library(tmp_path / "l", EMBEDDER.name, EMBEDDER.dimension) as library:
        assert Retriever(library, EMBEDDER.embed).search("rates") == ()
        library.put([Passage("a", "rates")], EMBEDDER.embed(["rates"]))
        nothing = [Predicate(fact="source", op="==", value="news")]
        assert Retriever(library, EMBEDDER.embed).search("rates", where=nothing) == ()
        assert order(Retriever(library, EMBEDDER.embed).search("")) == ["a"]


@pytest.mark.parametrize("wrong", [{"dense": -1}, {"half_life": 0}, {"diversity": 1.5}])
def test_weights_have_to_make_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(BeliefError, match=rf"Weights: {next(iter(wrong))}="):
        Weights(**wrong)
