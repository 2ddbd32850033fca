"""The proof that beliefs teach: five arms on a task small enough, and what the command makes of it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doors import Breaking, DoorRules, Doors, team
from typer.testing import CliRunner

from doxa import Experiment, Manager, Run
from doxa.cli import app
from doxa.environments.oracle import Oracle, Value
from doxa.errors import SpecError
from doxa.graphs.proof import ARMS, Curve, Proof, prove, variant
from doxa.graphs.proof_drawing import picture
from doxa.graphs.proof_value import exact
from doxa.models import HeuristicModel

SEEDS = (0,)


def proved(home: Path, **given: Any) -> Proof:
    experiment = given.pop("experiment", team())
    return asyncio.run(prove(experiment, home, **({"seeds": SEEDS, "frozen": 1} | given)))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proof")


@pytest.fixture(scope="module")
def proof(home: Path) -> Proof:
    return proved(home)


def test_beliefs_teach_and_nothing_else_does(proof: Proof) -> None:
    assert proof.exact
    assert proof.best is not None
    assert proof.best.value == 6
    assert proof.arms == ARMS
    assert len(proof.checks) == 4  # what is shuffled can't be judged by one seed
    assert all(proof.checks.values())
    for curve in proof.of("on"):
        assert len(curve.returns) == 5  # before each of four episodes, and after the last
        assert proof.shown(curve)[0] == pytest.approx(4)
        assert proof.shown(curve)[-1] == 0
    assert proof.share("on") == 0
    assert proof.share("off") == 1


def test_what_is_shuffled_is_judged_by_its_mean_over_the_seeds() -> None:
    def ended(*regrets: float) -> Proof:
        curves = [Curve(arm, seed, "", (0.0, 2.0), reused=True) for arm in ("on", "off") for seed in range(3)]
        curves += [Curve("shuffled", seed, "", (0.0, 6 - left), reused=True) for seed, left in enumerate(regrets)]
        return Proof("doors", Value(6.0), exact=True, frozen=1, curves=tuple(curves))

    (sentence,) = (told for told in ended(4, 4, 4).checks if told.startswith("shuffled"))
    assert ended(4, 4, 4).checks[sentence]
    assert ended(4, 4, 0).checks[sentence]  # one seed's luck
    assert ended(9, 5, 4).checks[sentence]
    assert not ended(3, 3, 3).checks[sentence]
    assert not ended(1, 0, 1).checks[sentence]
    gain = ended(1, 0, 1).gain("shuffled")
    assert gain is not None
    assert gain.value == pytest.approx(10 / 3)
    assert gain.low is not None
    assert gain.low > 0


def test_nothing_is_nothing_whatever_its_sign() -> None:
    curve = Curve("on", 0, "", (5.0, 6.0 + 1e-12), reused=True)
    found = Proof("doors", Value(6.0), exact=True, frozen=1, curves=(curve,))
    assert str(found.shown(curve)) == "(1.0, 0.0)"


def test_a_second_time_nothing_is_run(proof: Proof, home: Path) -> None:
    again = proved(home)
    assert all(curve.reused for curve in again.curves)
    assert [curve.returns for curve in again.curves] == [curve.returns for curve in proof.curves]


@pytest.mark.parametrize("at", [8, pytest.param(33, marks=pytest.mark.slow)])
def test_a_proof_that_was_cut_off_goes_on_to_the_same_curves(proof: Proof, tmp_path: Path, at: int) -> None:
    with pytest.raises(RuntimeError):
        proved(tmp_path, experiment=team(model=Breaking(at)), arms=("on",), seeds=(0,))
    again = proved(tmp_path, experiment=team(model=Breaking(0)), arms=("on",), seeds=(0,))
    whole = proof.of("on")[0]
    assert again.curves[0].returns == whole.returns
    assert Run.load(tmp_path, again.curves[0].run).calls == 4 * (3 * 6 + 1) + 3 * 6  # each once


def test_arms_differ_in_one_thing_each(proof: Proof) -> None:
    assert len({curve.run for curve in proof.curves}) == len(proof.curves)
    whole = team()
    for arm in ARMS[1:]:
        other = variant(whole, arm, whole.seed, 1)
        changed = [k for k in whole.spec() if k != "name" and whole.spec()[k] != other.spec()[k]]
        assert changed == (["propagation"] if arm in ("off", "wrong") else ["graph"])


def test_a_team_that_remembers_is_judged_by_what_it_returned(tmp_path: Path) -> None:
    graph = replace(team().graph, agents=(*team().graph.agents[:2], Manager(memory=2)))
    played = team(graph=graph)
    assert not exact(played)
    found = proved(tmp_path, experiment=played, arms=("on", "off"), seeds=(0, 1))
    assert not found.exact
    assert found.best is not None
    assert found.checks == {}
    assert [len(curve.returns) for curve in found.curves] == [4] * 4
    assert found.shown(found.of("on")[0])[-1] == 0
    assert found.after("off", 3).high is not None  # two seeds, so an interval


class Unfathomed(Doors):
    """The same where nobody knows the optimum."""

    def oracle(self) -> Oracle | None:
        return None


def test_without_an_optimum_returns_are_shown(tmp_path: Path) -> None:
    experiment = replace(team(), environment=Unfathomed())
    found = proved(tmp_path, experiment=experiment, arms=("on",), seeds=(0,))
    assert found.best is None
    assert found.shown(found.curves[0]) == found.curves[0].returns
    assert found.share("on") is None
    assert picture(found, tmp_path / "returns.svg").read_text().count("return")


class Counting(DoorRules):
    """Rules that go by the step's number, which no exact value can know."""

    name = "counting"

    def decision(self, prompt: Any) -> Any:
        step = prompt.told(re.compile(r"^# Step (\d+)"))
        return {**super().decision(prompt), "action": "red" if int(step[1]) % 2 else "green"}


def test_a_team_that_counts_steps_cannot_be_valued_exactly(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="at step 0 and 'red' at step 7"):
        proved(tmp_path, experiment=team(model=HeuristicModel(Counting())), arms=("on",), seeds=(0,))


def test_a_picture_is_the_same_for_the_same_proof(proof: Proof, tmp_path: Path) -> None:
    one, other = picture(proof, tmp_path / "a.svg"), picture(proof, tmp_path / "b.svg")
    assert one.read_bytes() == other.read_bytes()
    assert picture(proof, tmp_path / "a.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"arms": ("onn",)}, "no arm 'onn'.*did you mean 'on'"),
        ({"arms": ()}, "at least one of each"),
        ({"seeds": (1, 1)}, "each only once"),
        ({"frozen": 4}, "learns from 4 of 4 episodes: give frozen=1 to 3"),
        ({"experiment": team(episodes=1), "arms": ("on",)}, "at least 2 are needed"),
        ({"experiment": replace(team(), graph=replace(team().graph, critic=None))}, "no critic"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    given: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=told):
        proved(tmp_path / "home", **given)
    assert not (tmp_path / "home").exists()


class Blank(Doors):
    """The same where there is nothing to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = replace(self.spec, sources=())


def test_a_single_agent_has_nobody_to_be_mistaken_for(tmp_path: Path) -> None:
    graph = replace(team().graph, agents=(Manager(memory=0),), edges=())
    single = Experiment(Blank(), graph, episodes=4)
    with pytest.raises(SpecError, match="only one: leave it out with --arms on,off,shuffled,frozen"):
        proved(tmp_path, experiment=single)


SPEC = f"{Path(__file__).with_name('doors.py')}:experiment"


def cli(*given: str) -> Any:
    return CliRunner().invoke(app, ["prove", *given])


@pytest.mark.usefixtures("proof")
def test_the_command_shows_a_table_and_draws(home: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "doors.png"
    shown = cli(SPEC, "--home", str(home), "--seeds", "1", "--frozen", "1", "--plot", str(drawn))
    assert shown.exit_code == 0, shown.output
    assert "doors: regret computed over all starts; the optimum is 6.0000" in shown.output
    assert "yes  off: exactly constant" in shown.output
    assert "gain over off" in shown.output
    assert "-0.000" not in shown.output
    assert drawn.is_file()


def test_the_command_prints_json(proof: Proof, home: Path) -> None:
    shown = cli(SPEC, "--home", str(home), "--seeds", "1", "--frozen", "1", "--json")
    told = json.loads(shown.stdout)
    assert [curve["returns"] for curve in told["curves"]] == [list(curve.returns) for curve in proof.curves]
    assert told["checks"] == proof.checks
    assert told["gains"]["on"] == {"value": 4.0, "low": None, "high": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["taxy"], "no task 'taxy'.*did you mean 'taxi'"),
        (["taxi", "--seeds", "0"], "--seeds 0"),
        (["taxi", "--plot", "curves.gif"], "'.gif' can't be drawn"),
        (["taxi", "--set", "rain=1"], "takes no settings"),
        ([SPEC, "--arms", "on,of"], "no arm 'of'"),
    ],
)
def test_bad_input_is_one_message(given: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = cli(*given, "--home", str(tmp_path / "home"))
    assert isinstance(shown.exception, SpecError)
    assert shown.exception.exit_code == 2
    assert re.search(told, str(shown.exception))
    assert not (tmp_path / "home").exists()


def test_resuming_an_arm_names_the_command(proof: Proof, home: Path) -> None:
    shown = CliRunner().invoke(app, ["branch", proof.curves[1].run, "--home", str(home)])
    assert isinstance(shown.exception, SpecError)
    assert "doxa prove" in str(shown.exception)
