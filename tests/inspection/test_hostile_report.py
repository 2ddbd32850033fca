"""A run whose models write hostile texts wherever they may: its page runs nothing and asks for nothing."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from doxa import Analyst, ConceptualCritic, Experiment, Manager, hierarchy, train
from doxa.environments import Weather
from doxa.inspect import Run, report
from doxa.models import Request, ScriptedModel

pytest.importorskip("altair", reason="the extra 'plot' isn't installed")
pytest.importorskip("vl_convert", reason="the extra 'plot' isn't installed")
TEXTS = (
    "<script>window.stolen = 1</script>",
    "<img src=http://evil.example/x onerror='window.stolen = 2'>",
    '"><svg/onload=window.stolen=3>',
    "</script><script>window.stolen = 4</script>",
    "<iframe src=javascript:parent.stolen=5></iframe>",
    "${window.stolen = 6}{{window.stolen = 7}}",
    "<style>@import url(http://evil.example/y)</style>",
    "\x1b]8;;http://evil.example\x1b\\click\u202e",
    "<!--<base href=http://evil.example/>",
)


def page(home: Path) -> str:
    words = itertools.cycle(TEXTS)

    def hostile(request: Request[Any]) -> dict[str, Any]:
        said, fields = next(words), request.response_type.model_fields
        if "stance" in fields:
            reading = {"aspect": said, "value": 1.0, "supports": said}
            return {"stance": "dry", "confidence": 1, "rationale": said, "evidence": [reading], "beliefs": [said]}
        if "action" in fields:
            told = {"action": "rain", "confidence": 1, "reasons": said, "insights": [said], "beliefs": [said]}
            return {**told, "reflection": said}
        steps = [{"episode": 1, "step": 0}]
        lesson = {"kind": "expansion", "concept": said, "statement": said, "aspect": said, "polarity": "for"}
        lesson |= {"reason": said, "steps": steps, "audience": [said], "scope": {"sentence": said}}
        concept = [{"aspect": said, "advice": said}]
        told = {"current": concept, "previous": concept, "better": "equal", "strengths": [said], "weaknesses": [said]}
        return {**told, "direction": said, "proposals": [lesson]}

    readers = [Analyst("a", source="barometer"), Analyst("b", source="almanac")]
    team = hierarchy(Manager(), readers, critic=ConceptualCritic())
    asyncio.run(train(Experiment(Weather(days=9), team, episodes=2, model=ScriptedModel(hostile)), home))
    return report(Run("run-1", home))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the page, which has to be made before the browser's loop runs."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "page.html").write_text(page(folder / "home"))
    return (folder / "page.html").as_uri()


@pytest.mark.slow
def test_a_page_made_of_hostile_texts_is_only_text(address: str, browser: Any) -> None:
    shown, asked, said = browser.new_page(), list[str](), list[str]()
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    shown.goto(address)
    shown.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    text = shown.inner_text("body")
    assert "<script>window.stolen" in text, "it is shown, as text"
    assert shown.evaluate("window.stolen") is None
    assert (asked, said) == ([address], [])
