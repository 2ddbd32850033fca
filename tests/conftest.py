"""The command line as a fixture; homes lie in memory where there is room; properties are never timed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from doxa.cli import main

settings.register_profile("doxa", deadline=None)
settings.load_profile("doxa")

CHROMIUM = Path("/usr/bin/chromium")
MEMORY = Path("/dev/shm")  # noqa: S108  pytest makes a folder of its own in it
ROOM = 4 * 2**30
"""Bytes that have to be free there."""


def pytest_configure() -> None:
    """A journal waits for the disk at every commit, which no test is about: half of the tests' time without this."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@dataclass(frozen=True)
class Done:
    """What one call of ``doxa`` came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def doxa(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Done]]:
    """Run the command line in a folder whose ``spec.py`` is the test module's ``SPEC``, ``COLUMNS`` wide or 200."""
    (tmp_path / "spec.py").write_text(request.module.SPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", str(getattr(request.module, "COLUMNS", 200)))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["doxa", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    yield run
    sys.modules.pop("doxa_spec_spec", None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no {CHROMIUM}")
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), chromium_sandbox=False, args=[*quiet.split(), "--disable-sync"]
        )
        yield started
        started.close()
