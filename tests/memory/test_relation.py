"""What two beliefs are to each other: the figures on hand-written pairs, and the readings behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nearness import chosen, texts
from pairs import BLIND, FRESH, LESSONS, RESTATED, RESTATED_BLIND, Pair, lessons, pairs
from revision import Score, by_structure, doxa, embedded, read_blind, score, sets, threshold, typed
from revision import read as understood_ones

from doxa.memory.belief import Belief, Kind
from doxa.memory.embeddings import HashingEmbedder
from doxa.memory.likeness import in_order, likeness, share
from doxa.memory.nearness import WORDS
from doxa.memory.relation import related
from doxa.memory.wording import read

FAMILIES = lessons()


def test_the_sets_are_what_they_say_they_are() -> None:
    every = pairs(FAMILIES)
    assert len(FAMILIES) >= 40
    assert len(every) >= 500
    assert every == pairs(FAMILIES), "seeded"
    assert len(lessons(BLIND)) >= 16
    assert len(lessons(RESTATED)) >= 100
    assert len(lessons(RESTATED_BLIND)) >= 40
    names = [{f["name"] for f in lessons(path)} for path in (LESSONS, FRESH, BLIND, RESTATED, RESTATED_BLIND)]
    assert sum(map(len, names)) == len(set[str]().union(*names)), "no lesson is in two sets"
    assert {p.structure for p in every if p.kind == "contradiction"} == {"full", "mislabelled", "text"}
    assert all(p.one.id != p.other.id for p in every if p.kind != "elsewhere")


def by_words(found: Sequence[Pair]) -> Score:
    return score(found, doxa(found, HashingEmbedder()))


@pytest.mark.parametrize(
    ("name", "least", "most"), [("developed", 0.91, 0.17), ("fresh", 0.72, 0.13), ("restated", 0.92, 0.01)]
)
def test_with_structure_paraphrases_are_merged_and_contradictions_flagged(name: str, least: float, most: float) -> None:
    found = by_words(by_structure(sets()[name])["with structure"])
    assert found.merged["paraphrase"] >= least
    assert found.merged["different"] <= most
    assert found.merged["contradiction"] == found.merged["elsewhere"] == found.merged["unrelated"] == 0
    assert found.flagged is not None
    assert found.flagged >= 0.99
    assert found.alarms is not None
    assert found.alarms <= 0.02


@pytest.mark.parametrize("name", ["blind", "restated, blind"])
def test_on_blind_lessons_the_goals_hold_but_for_paraphrases(name: str) -> None:
    found = by_words(by_structure(sets()[name])["with structure"])
    assert found.merged["contradiction"] == found.merged["elsewhere"] == 0
    assert found.flagged is not None
    assert found.flagged >= 0.9
    assert found.alarms is not None
    assert found.alarms <= 0.02


def test_words_alone_merge_nothing_and_flag_what_is_turned_round_in_its_own_words() -> None:
    for name, least in (("developed", 0.7), ("fresh", 0.5)):
        found = by_words(by_structure(sets()[name])["words alone"])
        assert not any(found.merged.values())
        assert found.flagged is not None
        assert found.flagged >= least
        assert found.alarms is not None
        assert found.alarms <= 0.02
        assert found.left is not None
        assert found.left >= 0.3, "a judge has something to decide"


def test_a_cosine_alone_merges_contradictions_rather_than_what_is_said_otherwise() -> None:
    for every in sets().values():
        found = by_structure(every)["with structure"]
        plain = score(found, threshold(found, HashingEmbedder()))
        assert plain.merged["contradiction"] > 0.2 + plain.merged["paraphrase"]
        assert plain.flagged == 0


def lesson(statement: str, concept: str = "c", kind: Kind = "belief") -> Belief:
    return Belief(
        id=statement,
        kind=kind,
        concept=concept,
        statement=statement,
        aspect="news.tone",
        polarity="for",
        evidence=(),
        author="critic",
        known_at=None,
    )


def test_what_is_near_but_gives_reason_to_doubt_is_the_same_and_a_judge_is_asked() -> None:
    one = lesson("Follow the tone of the news on banks.")
    sure = related(one, lesson("Follow the news tone on banks."))
    assert (sure.relation, sure.judged) == ("same", False)
    far = related(one, lesson("Buy banks when their stories sound cheerful today."))
    assert (far.relation, far.judged) == ("same", True)
    beyond = related(one, lesson("Buy oil before winter storms begin."))
    assert (beyond.relation, beyond.judged) == ("different", False)


def test_a_denial_in_the_same_words_outvotes_structure() -> None:
    found = related(lesson("Follow the tone of news on banks."), lesson("Don't follow the tone of news on banks."))
    assert found.relation == "contradicts"


def test_a_sentence_built_anew_is_no_contradiction_where_structure_says_the_same() -> None:
    one = lesson("Do not wait in the airport queue at midday; short city trips earn more per hour.")
    other = lesson("At midday short trips in the city earn more per hour than waiting in the airport queue.")
    assert likeness(one.statement, other.statement).opposed, "so it's read, wrongly"
    found = related(one, other)
    assert (found.relation, found.judged) == ("open", True)


def test_other_numbers_are_never_merged_unasked() -> None:
    found = related(lesson("Average the tone of news over 3 days."), lesson("Average the tone of news over 9 days."))
    assert found.relation == "open"


def test_a_persons_feedback_is_compared_without_its_concept() -> None:
    assert lesson("Follow the news.", "feedback", "feedback").whole == "Follow the news."
    assert lesson("Follow the news.", "momentum").whole == "momentum: Follow the news."


def test_typed_scopes_dont_fire_in_near_misses_nor_do_sentences_that_are_read() -> None:
    assert (typed().hits, typed().misses) == (1, 0)
    for found in (understood_ones(), read_blind()):
        assert found.hits >= 0.9
        assert found.misses <= 0.1
    by_sentence = embedded(HashingEmbedder())
    assert by_sentence.hits >= 0.9
    assert by_sentence.misses > 0.5


def test_the_limits_are_those_that_leaving_families_out_gives() -> None:
    every = texts()
    words = np.array([share(pair.one, pair.other) for pair in every])
    found = chosen(every, words, 0.9)
    assert found.limit == pytest.approx(WORDS.same, abs=0.01)
    assert found.paraphrases >= 0.89


@pytest.mark.parametrize(
    ("one", "other", "turned"),
    [
        ("Sell on rumours.", "Don't sell on rumours.", True),
        ("Sell on rumours.", "Buy on rumours.", True),
        ("Avoid rumours.", "Don't use rumours.", False),
        ("Buy dips.", "Sell rallies.", False),
        ("Never wait more than 5 days.", "Wait at most 5 days.", False),
        ("Wait at least 5 days.", "Wait at most 5 days.", True),
        ("Never sprint without warm muscles.", "Sprint with warm muscles.", False),
        ("Plan before you build.", "Build before you plan.", True),
        ("Before you build, plan.", "Plan before you build.", False),
        ("Prefer tea to coffee.", "Prefer coffee to tea.", True),
        ("Order nothing.", "Order parts.", True),
        ("The signal is reliable.", "The signal isn't reliable.", True),
        ("Avoid short stops on thin days.", "On thin days short stops should be avoided.", False),
        ("Avoid short stops on thin days.", "Short stops hurt on thin days, so avoid them.", False),
        ("Short stops should be avoided.", "Short stops need not be avoided.", True),
        ("Short stops should be avoided.", "There is no reason to avoid short stops.", True),
        ("Thin days trigger short stops, so avoid them.", "Thin days trigger short stops, so use them.", True),
        ("Don't merge after one green run.", "One green run is no reason for merging.", False),
        ("One green run is a reason for merging.", "One green run is no reason for merging.", True),
        ("Don't store salt on the top shelf.", "Storing salt on the top shelf is a mistake.", False),
        ("Storing salt there is a mistake.", "Storing salt there is no mistake.", True),
        ("Without fever or swelling, wait.", "With no swelling or fever, wait.", False),
        ("Choose a join that keeps unmatched rows.", "Don't choose a join that keeps unmatched rows.", True),
        ("Stop buying on rumours.", "Don't stop buying on rumours.", True),
        ("Place a stop below the low.", "Don't place a stop below the low.", True),
        ("Don't buy; wait.", "Buy; don't wait.", True),
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
    assert 0 <= found.share <= 1
    assert found.share == back.share
    assert not likeness(one, one).opposed


@pytest.mark.parametrize(
    "said", ["buy ", "not ", "never a b c less ", "no x y z ", "avoided, ", "buy or sell, and hold; "]
)
def test_what_has_no_end_is_compared_by_its_beginning(said: str) -> None:
    endless = said * (100_000 // len(said))
    assert read(endless) == read(endless[:2000])
    assert not likeness(endless, f"{endless}.").opposed
    assert in_order(endless, endless) == 1
    assert likeness(f"Wait. {endless} Trust the news.", f"Wait. {endless} Ignore the news.").opposed is False
    assert likeness(f"Trust the news. {endless}", f"Ignore the news. {endless}").opposed is True


def test_all_of_a_lesson_of_the_greatest_length_is_compared() -> None:
    words = " ".join(f"{a}{b}" for a in "bcdfghjklm" for b in "bcdfghjklm")[: 400 - len(" trust the news")]
    assert likeness(f"{words} trust the news", f"{words} ignore the news").opposed
