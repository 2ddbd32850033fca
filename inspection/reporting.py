"""A run as one page that needs nothing else: no network, no fonts, no library."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..escapes import terminal
from ..memory.belief import Belief, Evidence
from .believing import scope_text
from .extras import jinja
from .growth import STATUSES, edges
from .markup import number
from .plot import Plot, short

if TYPE_CHECKING:
    from .run import Run

IN_SAMPLE = "In-sample: beliefs made from an episode's own time were used in it; those returns are no forecast."
_NARROW = 300
_WHOLE, _BRIEF = 1_000_000, 2_600_000
"""Characters of beliefs with everything that is known of them; of all beliefs. What is beyond is counted."""
_EPISODES, _CHANGES = 40, 40


@dataclass(frozen=True)
class Table:
    """A table of a page; ``numbers`` are the columns that are aligned to the right."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Section:
    """A section of a page, for its list of contents."""

    id: str
    title: str


def report(run: Run) -> str:
    """The page of one run.

    Raises:
        MissingExtraError: The extra ``plot`` isn't installed.
    """
    plots = run.plot
    figures = {
        "results": [plots.returns(), plots.regret()],
        "learning": [plots.timeline(), plots.propagation(), plots.lift(), plots.lineage(), plots.map()],
        "judgement": [plots.calibration(), plots.analysts()],
        "costs": [plots.costs()],
    }
    titles = ("Results", "How the beliefs grew", "Beliefs", "What changed between episodes")
    named = ("results", "learning", "beliefs", "changes", "judgement", "costs")
    listed = beliefs(run)
    return page(
        "page.run.html",
        title=f"Run {run.id}",
        kind="Doxa report",
        sections=[Section(i, t) for i, t in zip(named, (*titles, "How good the judgement was", "Costs"), strict=True)],
        facts=facts(run),
        warnings=warnings(run),
        results=[episodes(run), *metrics(run)],
        figures={name: [figure(plot) for plot in some] for name, some in figures.items()},
        beliefs=listed,
        counted=_counted(run),
        left=_left(run, len(listed)),
        statuses=[s for s in STATUSES if any(b.status.value == s for b in run.memory.state.values())],
        aspects=sorted({b.aspect for b in run.memory.state.values()})[:200],
        changes=changes(run),
        costs=[spending(run)],
    )


def page(template: str, **told: Any) -> str:  # noqa: ANN401
    """A page from its template; everything that is told is escaped, but for what was drawn here."""
    jinja2, folder = jinja(), resources.files(__package__ or "")
    files = {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.startswith("page.")}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(files),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if hasattr(value, "__html__") else terminal(value),
    )
    own = {"style": jinja2.utils.markupsafe.Markup(files["page.css"]), "script": files["page.js"]}
    digest = base64.b64encode(hashlib.sha256(own["script"].encode()).digest()).decode()
    own["script"] = jinja2.utils.markupsafe.Markup(own["script"])
    own["script_hash"] = jinja2.utils.markupsafe.Markup(f"sha256-{digest}")
    return str(environment.get_template(template).render(version=__version__, **own, **told))


def figure(plot: Plot) -> dict[str, Any]:
    """A plot for a page, drawn twice: for wide windows and for telephones."""
    told: dict[str, Any] = {"name": plot.name, "title": plot.title, "about": plot.about, "empty": plot.empty}
    if plot.empty:
        return told
    markup = jinja().utils.markupsafe.Markup
    drawn = {"wide": markup(plot.inline()), "narrow": markup(plot.inline(_NARROW, name=f"{plot.name}-narrow"))}
    return {**told, **drawn}


def facts(run: Run) -> list[tuple[str, object]]:
    """What was run."""
    o = run.overview
    told = {
        "experiment": o.name,
        "task": o.environment,
        "loaded from": o.spec,
        "status": o.status,
        "models": ", ".join(o.models),
        "seed": o.seed,
        "started with the beliefs of": o.parent,
        "episodes": len(o.episodes),
        "steps": f"{sum(e.steps for e in o.episodes):,}",
        "beliefs": f"{len(run.memory.state):,}",
        "model calls": f"{o.events.get('call', 0):,}",
        "tokens": f"{o.tokens:,}",
        "cost": money(o.cost),
    }
    return [(name, value) for name, value in told.items() if value not in (None, "")]


def money(cost: float | None) -> str:
    """US dollars."""
    return "unknown" if cost is None else f"${cost:,.4f}"


def warnings(run: Run) -> list[str]:
    """What a reader has to know before believing anything here."""
    o, state = run.overview, run.memory.state.values()
    tainted, disputed = sum(b.tainted for b in state), sum(b.status.value == "disputed" for b in state)
    gaps, failed = o.events.get("gap", 0), o.events.get("failure", 0)
    told = {
        "This run hasn't ended; the page shows what was recorded so far.": o.status == "interrupted",
        f"This run waits for people's answers: {', '.join(o.waiting)}.": bool(o.waiting),
        IN_SAMPLE: o.in_sample,
        "No evaluation was run: every return is one of training.": all(e.mode != "evaluate" for e in o.episodes),
        "The heuristic model is transparent rules and no LLM.": "heuristic" in o.models,
        f"{gaps:,} times a failed agent was gone on without.": gaps,
        f"{failed:,} failures are recorded: doxa show {run.id} names them.": failed,
        "The price of some calls isn't known: the cost isn't either.": o.cost is None,
        f"{tainted:,} beliefs were made from text that strangers wrote.": tainted,
        f"{disputed:,} beliefs are disputed.": disputed,
    }
    return [text for text, true in told.items() if true]


def episodes(run: Run) -> Table:
    """A row per episode."""
    rows = [
        (
            e.number,
            e.mode + ("" if e.ended else ", not ended") + (", in-sample" if e.in_sample else ""),
            e.steps, number(e.value), e.beliefs, e.alerts,
        )
        for e in run.overview.episodes
    ]  # fmt: skip
    head = ("episode", "mode", "steps", "return", "beliefs handed", "alerts")
    return Table("Episodes; returns are in units of reward", head, rows, frozenset(head) - {"episode", "mode"})


def metrics(run: Run) -> Iterator[Table]:
    """The last evaluation beside its baselines."""
    last = run.overview.evaluated
    if last is None or not last.metrics:
        return
    head = ("policy", *last.metrics)
    rows = [
        (policy, *(number(own.get(m)) for m in last.metrics))
        for policy, own in {"doxa": last.metrics, **last.baselines}.items()
    ]
    yield Table(f"Evaluation (episode {last.number}) beside the task's baselines", head, rows, frozenset(head[1:]))


def spending(run: Run) -> Table:
    """Calls, tokens and cost by agent."""
    rows = [
        (
            s.agent,
            f"{s.calls:,}",
            f"{s.prompt:,}",
            f"{s.cached:,}",
            f"{s.completion:,}",
            money(s.cost if s.priced else None),
        )
        for s in run.spent
    ]
    head = ("agent", "calls", "prompt tokens", "of those cached", "completion tokens", "cost")
    return Table("Calls that were paid for, by agent", head, rows, frozenset(head[1:]))


def changes(run: Run) -> list[dict[str, Any]]:
    """What became of beliefs after each of the last episodes in which anything did."""
    turns: dict[int, list[Any]] = {}
    for turn in run.memory.past.turns:
        turns.setdefault(turn.episode, []).append(turn)
    found = []
    for episode in sorted(turns, reverse=True)[:_EPISODES]:
        some = turns[episode]
        told = ", ".join(f"{op} {count}" for op, count in sorted(Counter(t.op for t in some).items()))
        lines = [
            {"op": t.op, "id": t.belief.id, "label": short(t.belief.concept, 60), "reason": short(t.reason, 200)}
            for t in some[:_CHANGES]
        ]
        found.append({"episode": episode, "told": told, "lines": lines, "left": max(0, len(some) - _CHANGES)})
    return found


# -- beliefs ----------------------------------------------------------------------------------------------------------


def beliefs(run: Run) -> list[dict[str, Any]]:
    """Beliefs, the best known first: some with all that is known, more in a line each, as far as there is room."""
    state, room = run.memory.state, 0
    history: dict[str, list[Any]] = {}
    for turn in run.memory.past.turns:
        history.setdefault(turn.belief.id, []).append(turn)
    kin = _kin(state)
    order = sorted(state.values(), key=lambda b: (b.status.value not in ("active", "disputed"), -_known(b), b.id))
    found: list[dict[str, Any]] = []
    for b in order:
        if room > _BRIEF:
            break
        found.append(_brief(b) if room > _WHOLE else _card(b, history.get(b.id, []), kin.get(b.id, []), state))
        room += 300 + sum(len(str(value)) for value in found[-1].values())
    return found


def _known(b: Belief) -> float:
    return b.credence.alpha + b.credence.beta


def _brief(b: Belief) -> dict[str, Any]:
    told = {"id": b.id, "status": b.status.value, "aspect": b.aspect, "credence": f"{b.credence.mean:.2f}"}
    return {**told, "statement": short(b.statement, 160), "brief": True}


def _card(
    b: Belief, history: Sequence[Any], kin: Sequence[dict[str, str]], state: Mapping[str, Belief]
) -> dict[str, Any]:
    told = {
        "id": b.id,
        "concept": short(b.concept, 120),
        "bears on": f"{b.polarity} {b.aspect}",
        "applies": short(scope_text(b.scope) or "always", 300),
        "by": b.author + (f", {b.model}" if b.model else ""),
        "born after episode": "unknown" if b.recorded is None else b.recorded,
        "given up after episode": b.retracted,
        "outcomes": f"{b.credence.alpha - 1:g} good, {b.credence.beta - 1:g} bad",
        "held back": short(b.held_back, 200),
        "marks": ", ".join(name for name in ("pinned", "tainted") if getattr(b, name)),
    }
    links = [{**link, "label": short(state[link["id"]].concept, 60)} for link in kin[:30]]
    return {
        **_brief(b),
        "statement": short(b.statement, 600),
        "brief": False,
        "facts": [(name, value) for name, value in told.items() if value not in (None, "")],
        "evidence": [_evidence(e) for e in b.evidence[:8]],
        "history": [f"episode {t.episode}: {t.op} by {t.author}: {short(t.reason, 160)}" for t in history[-12:]],
        "lineage": links,
    }


def _evidence(e: Evidence) -> str:
    steps = ", ".join(map(str, e.steps[:12])) + (f" and {len(e.steps) - 12} more" if len(e.steps) > 12 else "")
    more = "" if e.difference is None else f", worth {e.difference:+.4g} more than an average step"
    where = f"{e.run}, episode {e.episode}" + (f", steps {steps}" if steps else ", in a person's word")
    return f"{where}{more}: {short(e.note, 240)}" if e.note else where + more


def _kin(state: Mapping[str, Belief]) -> dict[str, list[dict[str, str]]]:
    """To what every belief is related, and how."""
    words = {
        "derived": ("led to", "derived from"),
        "took the place": ("replaced by", "took the place of"),
        "disputes": ("disputes", "disputes"),
    }
    found: dict[str, list[dict[str, str]]] = {}
    for link in edges(state):
        onward, back = words[link["how"]]
        found.setdefault(link["from"], []).append({"how": onward, "id": link["to"]})
        found.setdefault(link["to"], []).append({"how": back, "id": link["from"]})
    return found


def _counted(run: Run) -> str:
    count = Counter(b.status.value for b in run.memory.state.values())
    return f"{sum(count.values()):,} beliefs: " + ", ".join(f"{count[s]:,} {s}" for s in STATUSES if count[s])


def _left(run: Run, shown: int) -> str:
    left = len(run.memory.state) - shown
    return (
        f"{left:,} more beliefs aren't on this page, to keep it small: doxa beliefs {run.id} lists all." if left else ""
    )
