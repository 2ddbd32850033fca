"""After the world has changed: what no longer holds is handed out no more, what is useful or pinned stays."""

from __future__ import annotations

from pathlib import Path

from shift import EPISODES, HELD, HERALD, SHIFT, STEADY, K, handed, played

from doxa.memory import BeliefMemory, Home, Journal, Status


def test_stale_beliefs_are_in_no_prompt_k_episodes_after_the_world_has_changed_and_useful_ones_are(
    tmp_path: Path,
) -> None:
    run = played(tmp_path, HELD)
    assert SHIFT - 1 in handed(tmp_path, run.id, HERALD) or SHIFT - 2 in handed(tmp_path, run.id, HERALD)
    assert max(handed(tmp_path, run.id, HERALD)) < SHIFT + K
    assert sum(episode >= SHIFT + K for episode in handed(tmp_path, run.id, STEADY)) >= (EPISODES - SHIFT - K) / 3
    with Journal.open(Home(tmp_path), write=False) as journal, BeliefMemory(journal, run.id) as memory:
        assert memory.get(HERALD).status is Status.RETIRED
        assert memory.get(STEADY).status is Status.ACTIVE
        assert any("demotion by outcomes: episodes without it" in e.what for e in memory.history(HERALD))


def test_pinned_beliefs_stay(tmp_path: Path) -> None:
    run = played(tmp_path, HELD, pinned=True)
    assert any(episode >= SHIFT + K for episode in handed(tmp_path, run.id, HERALD))


def test_without_a_hold_out_nobody_notices(tmp_path: Path) -> None:
    run = played(tmp_path, HELD.policy)
    assert any(episode >= SHIFT + K for episode in handed(tmp_path, run.id, HERALD))
