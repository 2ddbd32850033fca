"""What is in a home, an archive, an export or a report can be read by its owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from doxa.commands.files import write_lines
from doxa.doctor import home_findings
from doxa.memory import Entry, Home, Journal
from doxa.memory.archive import write
from doxa.private import loose, make_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")


@pytest.fixture(params=[0o000, 0o022, 0o077], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def written(home: Home) -> None:
    with Journal.open(home, write=True) as journal:
        journal.append(journal.begin("run"), [Entry(0, "seen", "", {"a": 1})])
        assert {mode(path) for path in home.own if path.is_file()} == {0o600}  # side files, too
        assert len(home.own) >= 3


def test_a_home_and_all_in_it_is_its_owners(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(home)
    assert mode(home.path) == 0o700
    assert [f.status for f in home_findings(home)] == ["ok", "ok"]


def test_files_that_others_could_read_are_named_by_doctor_and_tightened(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(home)
    home.journal.chmod(0o644)
    [warned] = [f for f in home_findings(home) if f.status == "warn"]
    assert warned.subject == "privacy"
    assert str(home.journal) in warned.told
    with Journal.open(home, write=True):
        pass
    assert mode(home.journal) == 0o600


def test_a_folder_that_was_there_is_left_as_it_is_and_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home = Home(tmp_path)
    written(home)
    assert mode(tmp_path) == 0o755  # it may be the folder that everything else lies in
    assert [f.subject for f in home_findings(home) if f.status == "warn"] == ["privacy"]


def test_archives_and_exports_are_their_owners(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    written(home)
    with Journal.open(home, write=False) as journal:
        write(journal, "run-1", tmp_path / "archive")
    write_lines(["beliefs"], tmp_path / "lines")
    (tmp_path / "there").write_text("old")
    (tmp_path / "there").chmod(0o644)
    write_lines(["beliefs"], tmp_path / "there")
    assert {mode(tmp_path / name) for name in ("archive", "lines", "there")} == {0o600}


def test_folders_that_are_made_on_the_way_are_private_too(tmp_path: Path) -> None:
    make_folder(tmp_path / "library" / "generation")
    assert [mode(tmp_path / "library"), mode(tmp_path / "library" / "generation")] == [0o700, 0o700]


def test_a_link_is_no_loose_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert not loose(tmp_path / "link")
    assert not loose(tmp_path / "nothing")
