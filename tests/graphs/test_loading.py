"""From a SPEC to an experiment, and what is said of one that isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from doxa.errors import SpecError
from doxa.graphs import Experiment, load_experiment

GOOD = """
from doxa import Analyst, Experiment, Manager, hierarchy
from doxa.environments import Weather

team = hierarchy(Manager(), [Analyst(s.name, source=s.name) for s in Weather().spec.sources])
experiment = Experiment(Weather(), team)

def made(episodes: int, name: str = "made", rate: float = 0.5) -> Experiment:
    return Experiment(Weather(), team, episodes=episodes, name=name)

number = 3

def wrong():
    return 3

def broken():
    return 1 / 0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spec_file.py"
    path.write_text(GOOD)
    return path


def test_a_name_in_a_file(file: Path) -> None:
    assert isinstance(load_experiment(f"{file}:experiment"), Experiment)


def test_a_name_in_a_module_of_the_working_directory(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert isinstance(load_experiment("spec_file:experiment"), Experiment)


def test_a_function_takes_settings_by_their_annotation(file: Path) -> None:
    made = load_experiment(f"{file}:made", {"episodes": "7", "name": "seven"})
    assert (made.episodes, made.name) == (7, "seven")


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        ("nothing", {}, "isn't a SPEC: a SPEC is path/to/file.py:name"),
        ("nothing.py:x", {}, "there is no file"),
        ("no_such_module_at_all:x", {}, "can't be loaded: No module named"),
        ("{file}:experimnt", {}, "did you mean 'experiment'"),
        ("{file}:number", {}, "is of the type int, not an Experiment"),
        ("{file}:wrong", {}, "is of the type int, not an Experiment"),
        ("{file}:broken", {}, r"ZeroDivisionError: division by zero \(.*line \d+\)"),
        ("{file}:made", {}, "needs a value for episodes: add --set episodes="),
        ("{file}:made", {"episodes": "x"}, "'x' isn't a whole number"),
        ("{file}:made", {"episods": "3"}, "did you mean 'episodes'"),
        ("{file}:experiment", {"episodes": "3"}, "takes no settings"),
    ],
)
def test_what_is_no_experiment_is_named(file: Path, spec: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_experiment(spec.replace("{file}", str(file)), settings)


def test_a_file_that_cannot_be_run_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("x = 1\nraise ValueError('on purpose')\n")
    with pytest.raises(SpecError, match=r"ValueError: on purpose \(.*bad.py, line 2\)"):
        load_experiment(f"{path}:x")
    path.write_text("def (:\n")
    with pytest.raises(SpecError, match="SyntaxError"):
        load_experiment(f"{path}:x")
