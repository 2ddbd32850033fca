"""The page: that it holds everything, loads nothing, can be used by clicks, and lets no text out of its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import SetupError
from doxa.inspect import Run, compare, report
from doxa.memory import Belief
from doxa.memory.belief import Evidence, Status

pytest.importorskip("altair", reason="the extra 'plot' isn't installed")
pytest.importorskip("vl_convert", reason="the extra 'plot' isn't installed")
EVIL = (
    '<script>window.stolen = 1</script><img src=http://evil.example/x onerror="window.stolen = 2">\'"{{ 7 * 7 }}\u202e'
)
SPEC = ""


def populated(run: Run) -> Run:
    """The run with beliefs of an enemy among its own: a family of three, and many more."""
    cited = Evidence(run=EVIL, episode=0, steps=(1, 2), note=EVIL, rewards=(1.0, 0.0), mean=0.1)

    def belief(number: int, **told: Any) -> Belief:
        says = {"concept": f"concept {number}", "statement": f"Statement {number}.", "aspect": "almanac.tone"}
        base = {"id": f"b-{number:010d}", "polarity": "for", "evidence": (cited,), "author": "x", "known_at": None}
        return Belief(**{**base, **says, "status": Status.ACTIVE, **told})

    family = [
        belief(1, concept=EVIL, statement=EVIL, aspect=EVIL, author=EVIL),
        belief(2, parents=("b-0000000001",), status=Status.RETIRED, statement="The raven knows."),
        belief(3, parents=("b-0000000002",)),
    ]
    past = dataclasses.replace(
        run.memory.past, inherited={b.id: b for b in [*family, *(belief(n) for n in range(4, 30))]}
    )
    vars(run.memory)["past"] = past
    vars(run.memory).pop("state", None)
    return run


@pytest.fixture(scope="module")
def page(home: Path) -> str:
    return report(populated(Run("rain-1", home)))


def test_it_says_what_was_run_and_warns(page: str, home: Path) -> None:
    for text in (
        "Run rain-1",
        "Episodes;",
        "Evaluation (episode 5)",
        "beliefs: ",
        "What changed between episodes",
        "$",
    ):
        assert text in page
    assert "Content-Security-Policy" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    stopped = report(Run("stopped-1", home))
    assert "hasn&#39;t ended" in stopped
    assert "No evaluation was run" in stopped
    dull = report(Run("dull-1", home))
    assert "There are no beliefs." in dull


def test_no_text_leaves_its_place(page: str) -> None:
    assert "<script>window" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "49" not in page[page.index("&lt;script&gt;") : page.index("&lt;script&gt;") + 200]


@pytest.mark.slow
def test_very_many_beliefs_still_make_a_small_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("doxa.inspect.reporting._WHOLE", 4_000)
    monkeypatch.setattr("doxa.inspect.reporting._BRIEF", 8_000)
    found = report(populated(Run("rain-1", home)))
    assert 'class="belief brief"' in found
    assert "more beliefs aren&#39;t on this page" in found


def test_runs_are_compared_side_by_side(home: Path) -> None:
    found = compare([Run("rain-1", home), Run("dull-1", home), Run("stopped-1", home)])
    for text in ("rain-1", "dull-1", "stopped-1: This run hasn&#39;t ended", "Last evaluations", "different beliefs"):
        assert text in found
    with pytest.raises(SetupError, match="1 given: name 2 to 8 runs to compare"):
        compare([Run("rain-1", home)])
    with pytest.raises(SetupError, match="rain-1 is named twice"):
        compare([Run("rain-1", home), Run("rain-1", home)])


def test_the_commands_write_a_page_or_nothing(doxa: Callable[..., Any], home: Path, tmp_path: Path) -> None:
    done = doxa("report", "rain-1", "--home", str(home), "-o", "page.html")
    assert (done.code, "page.html" in done.out) == (0, True), done.err
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert doxa("compare", "rain-1", "dull-1", "--home", str(home)).code == 0
    assert (tmp_path / "compare.html").is_file()
    for arguments, message in (
        (("report", "rain-7", "--home", str(home)), "did you mean 'rain-1'"),
        (("report", "rain-1"), "no doxa home"),
        (("report", "rain-1", "--home", str(home), "-o", "page.pdf"), "ends in .html"),
        (("report", "rain-1", "--home", str(home), "-o", "no/page.html"), "can't be written"),
        (("compare", "rain-1", "--home", str(home)), "name 2 to 8"),
    ):
        done = doxa(*arguments)
        assert (done.code, message in done.err) == (2, True), (arguments, done.err)
    assert {p.name for p in tmp_path.iterdir()} == {"page.html", "compare.html", "spec.py"}


# -- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), pytest.param(390, "dark", marks=pytest.mark.slow)])
def test_it_is_used_by_clicks_and_loads_nothing(
    browser: Any, page: str, tmp_path: Path, width: int, scheme: str
) -> None:
    (tmp_path / "page.html").write_text(page)
    address = (tmp_path / "page.html").as_uri()
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = list[str](), list[str]()
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(address)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width, "nothing hangs over the edge"
    shown.fill("#find", "raven knows")
    assert shown.locator(".belief:visible").count() == 1
    assert "1 of" in shown.inner_text("#shown")
    shown.click("#b-0000000002 > summary")
    shown.click("#b-0000000002 .lineage > summary")
    shown.click("#b-0000000002 .lineage a[href='#b-0000000001']")
    shown.wait_for_function("document.getElementById('b-0000000001').open")
    assert shown.locator("#b-0000000001").is_visible(), "what the filter hid is shown when it is led to"
    shown.select_option("#status", "retired")
    assert shown.locator(".belief:visible").count() == 1
    shown.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    faults = _axe(shown)
    assert [f["id"] for f in faults if f["impact"] in {"serious", "critical"}] == []
    assert shown.evaluate("window.stolen") is None
    assert said == []
    assert asked == [address]
    shown.close()


def test_it_can_be_read_without_scripts(browser: Any, page: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page)
    shown = browser.new_context(java_script_enabled=False).new_page()
    shown.goto((tmp_path / "page.html").as_uri())
    assert not shown.locator(".filter").is_visible()
    shown.click("#b-0000000002 > summary")
    assert shown.locator("#b-0000000002 h3").first.is_visible()
    shown.close()


def _axe(shown: Any) -> list[dict[str, Any]]:
    package = pytest.importorskip("axe_playwright_python", reason="axe isn't installed")
    script = Path(str(package.__file__)).parent / "axe.min.js"
    result = shown.evaluate(f"{script.read_text()}; axe.run()")
    found: list[dict[str, Any]] = result["violations"]
    return found
