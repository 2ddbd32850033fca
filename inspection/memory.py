"""What a run believes, to be looked at and acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BeliefError, NotFoundError, options
from ..escapes import terminal
from ..memory.belief import Belief, Status
from ..memory.timetravel import diff
from .believing import Past, beliefs_frame, changes_frame, evidence_frame, scope_text
from .browsing import Browser
from .columns import table as frame_of
from .explaining import Why, explained
from .handing import handed_frame, propagations_frame
from .intervening import Act, act, approved, edited, outcomes
from .markup import facts, table, titled
from .record import Record

if TYPE_CHECKING:
    import pandas as pd

    from ..memory.curation import Curation

_SHOWN = 20


class BeliefMemory:
    """A run's beliefs as frames, and a person's hand on them.

    Looking takes no lock and writes nothing. What acts - ``edit``, ``pin``, ``unpin``, ``dispute``, ``approve``,
    ``retract`` - needs a reason and is an event of the run's log; it takes the writer's lock just for that, raises
    :class:`~doxa.errors.BusyError` while a run is under way in the home, and counts from the next episode on.

    >>> from doxa.inspect import BeliefMemory
    >>> memory = BeliefMemory("last", home="there-is-none")
    Traceback (most recent call last):
    ...
    doxa.errors.HomeError: there is no doxa home at there-is-none: train first, or name the home you trained in
    """

    def __init__(
        self, run: str | Path | Record = "last", home: str | Path | None = None, *, before: int | None = None
    ) -> None:
        """Find the run.

        Args:
            run: Its id, ``last``, or the folder of a home.
            home: Folder of its home; ``None`` for ``$DOXA_HOME``, or else ``.doxa``.
            before: Show what was believed when this episode began; all that is recorded for ``None``.

        Raises:
            HomeError: There is no home.
            NotFoundError: There is no such run.
        """
        self.record = run if isinstance(run, Record) else Record.of(run, home)
        self.moment = before

    @cached_property
    def past(self) -> Past:
        """Everything that became of the run's beliefs."""
        return Past.of(self.record)

    @cached_property
    def state(self) -> Mapping[str, Belief]:
        """The beliefs themselves, by id."""
        return self.past.before(self.moment)

    @cached_property
    def beliefs(self) -> pd.DataFrame:
        """A row per belief; ``doxa.inspect.about("beliefs")`` tells the columns."""
        return beliefs_frame(self.state, self.past.inherited)

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """A row per step that a belief cites."""
        return evidence_frame(self.state)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """A row per belief and change, in the order of the run's log."""
        return changes_frame(t for t in self.past.turns if self.moment is None or t.episode < self.moment)

    @cached_property
    def propagations(self) -> pd.DataFrame:
        """A row per episode, agent and candidate."""
        return propagations_frame(self.record)

    @cached_property
    def handed(self) -> pd.DataFrame:
        """Of ``propagations`` the rows that were handed out or held out by lot, which is much quicker to read."""
        return handed_frame(self.record)

    def before(self, episode: int) -> BeliefMemory:
        """The same as it stood when an episode began."""
        other = BeliefMemory(self.record, before=episode)
        vars(other)["past"] = self.past
        return other

    def diff(self, one: int, other: int | None = None) -> pd.DataFrame:
        """What differs between two episodes' beginnings: a row per belief and field.

        Args:
            one: The earlier episode.
            other: The later one; ``None`` for now.
        """
        found = diff(self.past.before(one), self.past.before(other))
        rows = [
            *((b.id, "appeared", "", b.statement) for b in found.appeared),
            *((b.id, "vanished", b.statement, "") for b in found.vanished),
            *((c.belief, c.field, _told(c.before), _told(c.after)) for c in found.changed),
        ]
        names = ("belief", "what", "before", "after")
        return frame_of({name: [row[at] for row in rows] for at, name in enumerate(names)})

    def get(self, belief: str) -> BeliefCard:
        """A belief by its id, or by an id's beginning.

        Raises:
            NotFoundError: None is called so, or several are.
        """
        found = [belief] if belief in self.state else sorted(i for i in self.state if belief and i.startswith(belief))
        if not found:
            raise NotFoundError(f"run {self.record.run} has no belief {belief!r}: {options(belief, self.state)}")
        if len(found) > 1:
            raise NotFoundError(f"{belief!r} is the beginning of {', '.join(found)}: give more of the id")
        one = self.state[found[0]]
        history = self.changes[self.changes["belief"] == one.id]
        return BeliefCard(one, history)

    def find(
        self, text: str = "", *, status: str | None = None, aspect: str | None = None, agent: str | None = None
    ) -> pd.DataFrame:
        """The rows of ``beliefs`` that meet all of this, the surest first.

        Args:
            text: Words that stand in the id, concept, statement or scope, in any case.
            status: As :class:`~doxa.memory.Status` names it.
            aspect: What it bears on, or the source of that.
            agent: Who was ever handed it.

        Raises:
            NotFoundError: No belief has such a status, or none such was ever handed to anyone of that name.
        """
        found = self.beliefs.sort_values(["credence", "belief"], ascending=[False, True])
        if status is not None:
            found = found[found["status"] == _one_of(status, [s.value for s in Status], "status")]
        if aspect is not None:
            found = found.loc[[a == aspect or a.startswith(f"{aspect}.") for a in found["aspect"].astype(str)]]
        if agent is not None:
            _one_of(agent, set(self.handed["agent"].astype(str)), "agent that was handed a belief")
            taken = self.handed[(self.handed["agent"] == agent) & self.handed["taken"]]
            found = found[found["belief"].isin(taken["belief"])]
        said = found[["belief", "concept", "statement", "scope"]].itertuples(index=False, name=None)
        return found.loc[[all(word in " ".join(each).lower() for word in text.lower().split()) for each in said]]

    def explain(self, agent: str | None = None, episode: int | None = None, belief: str | None = None) -> Why:
        """Why an agent was handed a belief before an episode, or wasn't.

        Args:
            agent: Its name; ``None`` for everyone.
            episode: Its number; ``None`` for the last one.
            belief: Its id or the beginning of that; ``None`` for every candidate.

        Raises:
            NotFoundError: The run has no such episode, agent or belief.
        """
        return explained(self.record, agent, episode, belief)

    def browse(self) -> Browser:
        """A panel to filter, read and act with; a table where there are no widgets."""
        return Browser(self)

    # -- acting ---------------------------------------------------------------------------------------------------

    def edit(self, belief: str, *, why: str, embedder: str | None = None, **changes: Any) -> Act:  # noqa: ANN401
        """Put another wording or scope in a belief's place, which stays on record as superseded.

        Args:
            belief: Its id, or the beginning of it.
            why: The reason.
            embedder: What the run's vectors were made with, if that isn't the default one.
            changes: ``statement``, ``concept``, ``aspect``, ``polarity``, ``scope`` (or its sentence), ``kind``,
                ``audience``, ``examples``, ``validity``.

        Raises:
            NotFoundError: There is no such belief.
            BeliefError: It can't be done; the message says why.
            BusyError: A run is under way in the home.
        """
        return self._act(why, lambda hand: edited(hand, belief, why, changes), embedder)

    def pin(self, belief: str, *, why: str) -> Act:
        """Keep a belief from being revised, retracted or rolled back; errors as for :meth:`edit`."""
        return self._act(why, lambda hand: outcomes([hand.pin(belief, why)]))

    def unpin(self, belief: str, *, why: str) -> Act:
        """Let a belief be revised again; errors as for :meth:`edit`."""
        return self._act(why, lambda hand: outcomes([hand.unpin(belief, why)]))

    def dispute(self, belief: str, *, why: str, rival: str | None = None) -> Act:
        """Doubt a belief, and with ``rival`` both: prompts mark them as disputed; errors as for :meth:`edit`."""
        return self._act(why, lambda hand: outcomes([hand.dispute(belief, why, rival)]))

    def approve(self, belief: str, *, why: str) -> Act:
        """Put a belief in force, whatever kept it out; errors as for :meth:`edit`."""
        return self._act(why, lambda hand: approved(hand, belief, why))

    def retract(self, belief: str, *, why: str, cascade: bool = True) -> Act:
        """Give a belief up, with everything derived from it if ``cascade``; errors as for :meth:`edit`."""
        return self._act(why, lambda hand: outcomes(hand.retract(belief, why, cascade=cascade)))

    def _act(self, why: str, do: Callable[[Curation], Iterable[str]], embedder: str | None = None) -> Act:
        if self.moment is not None:
            raise BeliefError(
                f"this shows what was believed before episode {self.moment}, which is past: act on "
                f"BeliefMemory({self.record.run!r}), which shows what is believed now"
            )
        done = act(self.record, why, do, embedder)
        record = self.record.renewed()
        vars(self).clear()
        self.record, self.moment = record, None
        return done

    # -- showing --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        when = "" if self.moment is None else f" before episode {self.moment}"
        return f"<beliefs of {self.record.run}{when}: {len(self.state)}>"

    def _repr_html_(self) -> str:
        order = self.beliefs.sort_values(["credence", "belief"], ascending=[False, True]).head(_SHOWN)
        shown = order[["belief", "status", "credence", "aspect", "polarity", "statement"]]
        rows = [(i, s, f"{c:.2f}", a, p, text) for i, s, c, a, p, text in shown.itertuples(index=False)]
        left = len(self.beliefs) - len(rows)
        more = [f"<p>and {left} more: .beliefs is all of them</p>"] if left else []
        return titled(repr(self)[1:-1], table(list(shown.columns), rows), *more)


@dataclass(frozen=True, repr=False)
class BeliefCard:
    """One belief, to be looked at.

    Attributes:
        belief: Itself.
        history: What happened to it, in order: rows of the frame ``changes``.
    """

    belief: Belief
    history: pd.DataFrame

    def __repr__(self) -> str:
        return f"<{self.belief.id} {self.belief.status.value} {self.belief.credence.mean:.2f}: {terminal(self)}>"

    def __str__(self) -> str:
        """What it says."""
        return self.belief.statement

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """As HTML, escaped."""
        b = self.belief
        told = {
            "says": b.statement,
            "concept": b.concept,
            "bears on": f"{b.polarity} {b.aspect}",
            "applies": scope_text(b.scope) or "always",
            "status": b.status.value + (f", {b.held_back}" if b.held_back else "") + (", pinned" if b.pinned else ""),
            "credence": f"{b.credence.mean:.3f} (Beta {b.credence.alpha:g}, {b.credence.beta:g})",
            "by": b.author,
            "imagined": "yes, no real episode has shown it yet" if b.imagined else "",
            "made from strangers' text": "yes" if b.tainted else "",
            "derived from": ", ".join(b.parents),
            "took the place of": ", ".join(b.supersedes),
            "disputes": ", ".join(b.contradicts),
        }
        cited = [(e.run, e.episode, ", ".join(map(str, e.steps)), e.note) for e in b.evidence]
        happened = self.history[["episode", "op", "author", "why", "reason"]].itertuples(index=False)
        return titled(
            b.id,
            facts(told),
            titled("evidence", table(("run", "episode", "steps", "what was seen"), cited)),
            titled("history", table(("episode", "what", "by", "why", "by the rules"), list(happened))),
        )


def _one_of(value: str, allowed: Iterable[str], what: str) -> str:
    if value not in (known := sorted(allowed)):
        raise NotFoundError(f"there is no {what} {value!r}: {options(value, known)}")
    return value


def _told(value: object) -> str:
    return "; ".join(str(each) for each in value) if isinstance(value, tuple) else str(value)
