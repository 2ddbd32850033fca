"""The documentation as a site: every page is reached, it is built strictly, and it asks no server for anything."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NAV = re.findall(r"^ +- .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_page_is_in_the_navigation_once() -> None:
    pages = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))
    assert sorted(NAV) == pages


def test_every_folder_has_its_reference() -> None:
    import doxa

    folders = set(doxa._HOMES)
    assert folders | {"doxa", "inspect"} == {Path(page).stem for page in NAV if page.startswith("reference/")}
    told = (DOCS / "reference" / "doxa.md").read_text(encoding="utf-8")
    assert [name for name in doxa.__all__ if f"[doxa.{_home(name)}.{name}]" not in told] == []


def _home(name: str) -> str:
    import doxa

    return next(home for home, names in doxa._HOMES.items() if name in names)


def test_drawings_are_small_and_ask_nobody() -> None:
    for drawing in DOCS.glob("pictures/*.svg"):
        text = drawing.read_text(encoding="utf-8")
        assert len(text) < 6_000, drawing.name
        assert not re.search(r"(?:href|src|url)\W+https?:|@import|<script", text), drawing.name


def test_maps_in_docstrings_become_tables() -> None:
    pytest.importorskip("griffe")
    sys.path.insert(0, str(DOCS))
    try:
        from maps import _TABLE, _markdown
    finally:
        sys.path.remove(str(DOCS))
    rule = "====== ====="
    plain = f"Words.\n\n{rule}\nmodule is\n{rule}\none    first\n       part\ntwo    a|b\n{rule}\n\nMore."
    told = _TABLE.sub(_markdown, plain)
    assert "| module | is |\n| --- | --- |\n| one | first part |\n| two | a\\|b |" in told
    assert "=" not in told
    headless = "Words.\n\n===  ===\none  first\n===  ===\n\nMore."
    assert "|  |  |\n| --- | --- |\n| one | first |" in _TABLE.sub(_markdown, headless)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built as ``make docs`` builds it."""
    pytest.importorskip("mkdocstrings", reason="mkdocs and mkdocstrings aren't installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_is_built_strictly_and_whole(site: Path) -> None:
    for page in NAV:
        text = (site / page).with_suffix(".html").read_text(encoding="utf-8")
        assert "<h1" in text, page
    agents = (site / "reference" / "agents.html").read_text(encoding="utf-8")
    assert 'id="doxa.agents.Analyst"' in agents
    assert "<td>reads one source, returns an" in agents


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loading = re.compile(r"""<(?:script|img|iframe|link rel="(?:stylesheet|preconnect)")[^>]*(?:src|href)="?https?:""")
    for page in site.rglob("*.html"):
        assert not loading.search(page.read_text(encoding="utf-8")), page.name


BROWSED = ["index.html", "quickstart.html", "concepts.html", "own-graph.html", "reference/agents.html"]


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The site on the loopback interface."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("page", BROWSED)
def test_a_page_in_a_browser_is_quiet_and_accessible(
    browser: Any, served: str, page: str, width: int, scheme: str
) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked = list[str](), list[str]()
    shown.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(served + page)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width, "nothing hangs over the edge"
    axe = pytest.importorskip("axe_playwright_python", reason="axe isn't installed")
    script = (Path(str(axe.__file__)).parent / "axe.min.js").read_text(encoding="utf-8")
    faults = shown.evaluate(f"{script}; axe.run()")["violations"]
    grave = [(f["id"], [n["target"] for n in f["nodes"]]) for f in faults if f["impact"] in {"serious", "critical"}]
    assert grave == []
    assert said == []
    assert [url for url in asked if not url.startswith((served, "blob:", "data:"))] == []
    shown.close()


@pytest.mark.slow
def test_the_search_finds_a_page_by_itself(browser: Any, served: str) -> None:
    shown = browser.new_page(viewport={"width": 1280, "height": 900})
    shown.goto(served + "index.html")
    shown.click("input[name=query]")
    shown.keyboard.type("retract")
    shown.wait_for_selector(".md-search-result__link:visible")
    found = [link.get_attribute("href") for link in shown.query_selector_all(".md-search-result__link")]
    assert any("beliefs.html" in href for href in found)
    shown.close()
