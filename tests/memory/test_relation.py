"""What two beliefs are to each other: the figures on hand-written pairs, and the readings behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import held_out, lessons, pairs
from revision import doxa, embedded, score, sets, threshold, typed
from revision import read as understood_ones

from doxa.memory.embeddings import HashingEmbedder
from doxa.memory.likeness import likeness
from doxa.memory.relation import related
from doxa.memory.wording import read

FAMILIES = lessons()


def test_the_set_is_what_it_says_it_is() -> None:
    every = pairs(FAMILIES)
    assert len(FAMILIES) >= 40
    assert len(every) >= 500
    assert every == pairs(FAMILIES), "seeded"
    assert len(held_out(FAMILIES)) >= 16
    assert len(sets()["held out"]) + len(sets()["fresh"]) >= 500
    assert {p.structure for p in every if p.kind == "contradiction"} == {"full", "mislabelled", "text"}
    assert all(p.one.id != p.other.id for p in every if p.kind != "elsewhere")


def test_what_is_merged_and_flagged_on_each_set_of_lessons() -> None:
    embedding = HashingEmbedder()
    developed, held, fresh = (score(found, doxa(found, embedding)) for found in sets().values())
    assert developed.paraphrases >= 0.88
    assert held.paraphrases >= 0.82
    assert fresh.paraphrases >= 0.3
    assert fresh.contradictions <= 0.045
    assert fresh.elsewhere == fresh.unrelated == 0
    assert fresh.different <= 0.02
    assert fresh.flagged >= 0.77
    assert fresh.alarms <= 0.08
    assert developed.contradictions <= 0.025
    assert held.contradictions <= 0.025
    assert developed.elsewhere == held.elsewhere == developed.unrelated == held.unrelated == 0
    assert developed.different <= 0.05
    assert held.different <= 0.02
    assert developed.flagged >= 0.92
    assert held.flagged >= 0.87
    assert developed.alarms <= 0.02
    assert held.alarms <= 0.03


def test_a_cosine_alone_merges_contradictions_and_not_what_is_said_otherwise() -> None:
    for found in sets().values():
        plain = score(found, threshold(found, HashingEmbedder()))
        assert plain.contradictions > 0.2 + plain.paraphrases
        assert plain.flagged == 0


def test_with_aspect_and_polarity_right_no_contradiction_is_merged() -> None:
    full = [p for found in sets().values() for p in found if p.kind == "contradiction" and p.structure == "full"]
    assert sum(related(p.one, p.other).relation == "same" for p in full) == 0
    assert sum(related(p.one, p.other).relation == "contradicts" for p in full) / len(full) >= 0.97


def test_typed_scopes_dont_fire_in_near_misses_and_sentences_do() -> None:
    assert (typed().hits, typed().misses) == (1, 0)
    assert understood_ones().hits == 1
    assert understood_ones().misses < 0.2
    by_sentence = embedded(HashingEmbedder())
    assert by_sentence.hits >= 0.9
    assert by_sentence.misses > 0.5


@pytest.mark.parametrize(
    ("one", "other", "turned"),
    [
        ("Sell on rumours.", "Don't sell on rumours.", True),
        ("Sell on rumours.", "Buy on rumours.", True),
        ("Avoid rumours.", "Don't use rumours.", False),
        ("Buy dips.", "Sell rallies.", False),
        ("Never wait more than 5 days.", "Wait at most 5 days.", False),
        ("Wait at least 5 days.", "Wait at most 5 days.", True),
        ("Plan before you build.", "Build before you plan.", True),
        ("Before you build, plan.", "Plan before you build.", False),
        ("Prefer tea to coffee.", "Prefer coffee to tea.", True),
        ("Order nothing.", "Order parts.", True),
        ("The signal is reliable.", "The signal isn't reliable.", True),
    ],
)
def test_advice_that_is_turned_round_is_told_from_advice_that_is_not(one: str, other: str, *, turned: bool) -> None:
    assert likeness(one, other).opposed is turned
    assert likeness(other, one).opposed is turned


def test_conditions_that_exclude_each_other_are_no_contradiction() -> None:
    found = likeness("Follow the news when prices rise.", "Follow the news when prices fall.")
    assert found.elsewhere
    assert not found.opposed


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_read_and_compared(one: str, other: str) -> None:
    assert isinstance(read(one), tuple)
    found, back = likeness(one, other), likeness(other, one)
    assert 0 <= found.common <= 1
    assert found.common == back.common
    assert not likeness(one, one).opposed
