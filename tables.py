"""What money came to, or would come to, what the doctor found, what people are asked: tables of four commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .doctor import Finding
from .graphs.costs import Costs, Spending
from .graphs.estimate import Estimate
from .memory.questions import Question
from .views import columns, money, plain

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}
SHARES = (
    "beliefs: the belief block's share of a prompt's characters, times the prompt's tokens; "
    "latency: median seconds of a call on the wire"
)


def costs_json(costs: Costs) -> dict[str, Any]:
    """What a run's calls came to, as JSON; a cost is null where the price of any call is unknown."""
    told = asdict(costs)
    for part in (told["total"], *told["agents"], *told["episodes"], *told["models"]):
        part["known_cost"] = part["cost"]
        part["cost"] = None if part["unpriced"] else part["cost"]
    return told


def costs_view(costs: Costs) -> RenderableType:
    """What a run's calls came to, by agent, by episode and by model."""
    parts: list[RenderableType] = [
        _spendings("agent", (*costs.agents, costs.total)),
        _spendings("episode", costs.episodes),
        _spendings("model", costs.models),
    ]
    return Group(*parts, *(plain(note) for note in _notes(costs)))


def paid(spending: Spending) -> str:
    """US dollars; what isn't known is said, never shown as 0."""
    if not spending.unpriced:
        return money(spending.cost)
    if spending.unpriced == spending.calls - spending.reused:
        return money(None)
    return f"{money(spending.cost)} + {spending.unpriced} calls of unknown price"


def _spendings(by: str, spendings: Sequence[Spending]) -> Table:
    table = columns(by, ">calls", ">prompt tokens", ">cached", ">reply tokens", ">beliefs", ">cost", ">latency")
    for s in spendings:
        counted = s.uncounted == 0 or s.uncounted < s.calls - s.reused
        tokens = (f"{n:,}" if counted else "not reported" for n in (s.prompt_tokens, s.cached_tokens))
        reply = f"{s.completion_tokens:,}" if counted else "not reported"
        latency = "-" if s.latency is None else f"{s.latency:.3f}"
        cells = (s.name, f"{s.calls:,}", *tokens, reply, f"{s.belief_share:.1%}", paid(s), latency)
        table.add_row(*(plain(cell) for cell in cells))
    return table


def _notes(costs: Costs) -> Iterable[str]:
    total = costs.total
    yield SHARES
    if total.attempts > total.calls - total.reused:
        yield f"{total.attempts:,} requests went over the wire for {total.calls - total.reused:,} answers"
    if total.reused:
        yield f"{total.reused:,} answers came from another run's journal and cost nothing"
    if total.uncounted:
        yield f"{total.uncounted:,} calls without reported tokens are missing in the sums of tokens"
    if total.unpriced:
        yield f"{total.unpriced:,} calls have no known price: give their model price=Price(...) to have them counted"
    if costs.failed:
        spent = f"up to {costs.wasted.tokens:,} tokens and {money(costs.wasted.usd)}"
        yield f"{costs.failed:,} attempts failed; they may have been charged {spent}, which isn't in the sums"
    for lost in costs.unanswered:
        yield f"ambiguous, sent without a recorded answer and not in the sums: {lost}"


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """What a run would cost, as JSON; a cost is null where a price is unknown."""
    total = {key: getattr(estimate, key) for key in ("calls", "prompt_tokens", "completion_tokens", "cost")}
    return {**asdict(estimate), "total": total}


def estimate_view(estimate: Estimate) -> RenderableType:
    """What a run would cost, by agent."""
    table = columns("agent", "model", ">calls", ">prompt tokens", ">reply tokens", ">cost")
    for a in estimate.agents:
        cells = (a.agent, a.model, f"{a.calls:,}", f"{a.prompt_tokens:,}", f"{a.completion_tokens:,}", money(a.cost))
        table.add_row(*(plain(cell) for cell in cells))
    sums = (estimate.calls, estimate.prompt_tokens, estimate.completion_tokens)
    table.add_row("total", "", *(f"{count:,}" for count in sums), plain(money(estimate.cost)))
    unpriced = sorted({agent.model for agent in estimate.agents if agent.cost is None})
    notes = [
        f"An estimate; nothing was sent. {estimate.method}",
        *(f"{model} has no known price: give it price=Price(...) to have it counted" for model in unpriced),
    ]
    return Group(table, *(plain(note) for note in notes))


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """What the doctor found, as JSON."""
    return [asdict(finding) for finding in findings]


def findings_view(findings: Sequence[Finding]) -> RenderableType:
    """A line per finding, and what to do below those that need it."""
    lines: list[Text] = []
    for f in findings:
        lines.append(Text.assemble((f"{f.status:<5}", COLOURS[f.status]), plain(f"{f.subject}: {f.told}")))
        if f.remedy:
            lines.append(plain(f"     -> {f.remedy}"))
    return Group(*lines)


# -- questions --------------------------------------------------------------------------------------------------------


def questions_table(questions: Sequence[Question]) -> RenderableType:
    """A line per question to people."""
    if not questions:
        return "no open questions"
    table = columns("id", "run", ">episode", ">step", "asked by", "about", "allowed", "answer")
    for q in questions:
        answer = "" if q.reply is None else q.reply.value
        cells = (q.id, q.run, q.episode, q.step, q.agent, q.about, q.allowed, answer)
        table.add_row(*(plain(cell) for cell in cells))
    return table


def question_view(question: Question) -> RenderableType:
    """A question as a person sees it."""
    lines = [
        f"{question.id}: {question.where}, asks for {'an' if question.about == 'action' else 'a'} {question.about}",
        *question.text.splitlines(),
        "",
        f"allowed: {question.allowed}",
        *([f"proposed: {question.default}"] if question.default is not None else []),
        *([f"answered: {question.reply.value} ({question.reply.reason})"] if question.reply else []),
    ]
    return Group(*(plain(line) for line in lines))
