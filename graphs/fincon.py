"""FinCon's team (arXiv 2407.06567 v3, section 3): an analyst for every source, a manager, risk control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..agents.analyst import Analyst
from ..agents.feedback import Feedback
from ..agents.manager import Manager
from ..agents.recollection import Recall
from ..critics.conceptual import ConceptualCritic
from ..critics.cvar import CVaRMonitor
from ..environments.protocol import EnvironmentSpec, Source
from ..errors import GraphError
from .graph import EpisodeGraph, hierarchy


@dataclass(frozen=True)
class Profile:
    """An analyst's role and duty.

    Attributes:
        name: What it is called.
        duty: What it distils from its source.
    """

    name: str
    duty: str


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "prices": Profile(
            "chartist",
            "Read momentum at every horizon, volatility, drawdown and CVaR; say whether they agree, and how much risk "
            "they show.",
        ),
        "news": Profile(
            "reporter",
            "Tell what is new from what repeats; say which way it moves the price from here, how strongly, and whether "
            "it can last beyond a few days.",
        ),
        "filings": Profile(
            "auditor",
            "Read management's discussion in the annual and the quarterly report: demand, margins, cash, debt, "
            "guidance and risks, and how the quarter departs from the year. A report counts for less as it ages.",
        ),
        "filings_10k": Profile(
            "annual-auditor",
            "Read management's discussion in the annual report: what the business lives on, where margins, cash and "
            "debt are heading, which risks are named anew. It bears on months, not on days.",
        ),
        "filings_10q": Profile(
            "quarterly-auditor",
            "Read management's discussion in the quarterly report: what changed within the quarter in demand, margins, "
            "cash and guidance. It bears on weeks.",
        ),
        "calls": Profile(
            "listener",
            "Read the transcript of the earnings call: guidance, tone, what management evades when it is asked. It "
            "bears on weeks.",
        ),
        "reports": Profile(
            "reviewer",
            "Read what research analysts publish: ratings, targets, changed estimates, and what they rest on. They "
            "often follow the price.",
        ),
        "relations": Profile(
            "selector",
            "Read how the assets move together: which of them diversify, which repeat each other, which bring most "
            "of the risk.",
        ),
    }
)
"""By source: news; 10-K and 10-Q, apart or together; earnings calls; research reports; price data; stock selection."""

MANAGER = (
    "Consolidate the insights: where they agree, where they contradict each other, which sources have mattered for "
    "this target so far. Heed alerts, and what your earlier decisions and reflections taught you."
)


@dataclass(frozen=True)
class FinCon:
    """What of FinCon's team may be otherwise; take a part away by ``None`` or 0.

    Attributes:
        background: On the target and its sector, for every agent (FinCon's shared configuration).
        recall: How many of its own insights an analyst recalls; each source fades at its own rate.
        memory: How many of its last decisions, with its reflections, the manager sees.
        episodes: How many earlier episodes it remembers: actions, the path of the PnL, beliefs.
        feedback: When it feeds back to the analysts.
        refines: Whether it sees how each source has done so far.
        monitor: The within-episode risk control.
        critic: The over-episode risk control, which edits beliefs.
    """

    background: str = ""
    recall: int = 5
    memory: int = 5
    episodes: int = 3
    feedback: Feedback | None = field(default_factory=Feedback)
    refines: bool = True
    monitor: CVaRMonitor | None = field(default_factory=CVaRMonitor)
    critic: ConceptualCritic | None = field(default_factory=ConceptualCritic)

    def __post_init__(self) -> None:
        """Check the counts."""
        for name in ("recall", "memory", "episodes"):
            if getattr(self, name) < 0:
                raise GraphError(f"FinCon: {name} is {getattr(self, name)}; it is a count, at least 0")


def fincon_team(spec: EnvironmentSpec, settings: FinCon | None = None) -> EpisodeGraph:
    """FinCon's team for the sources that an environment has; one without a profile gets an analyst called like it.

    Each analyst reads one source, is given no other's, and remembers its own insights, which fade as its source does.

    Args:
        spec: Of the environment.
        settings: What is to be otherwise.
    """
    chosen = settings or FinCon()
    return hierarchy(_manager(chosen), [_analyst(s, chosen) for s in spec.sources], chosen.monitor, chosen.critic)


def _manager(settings: FinCon) -> Manager:
    return Manager(
        instructions=_told(MANAGER, settings),
        memory=settings.memory,
        episodes=settings.episodes,
        reflections=True,
        refines=settings.refines,
        feedback=settings.feedback,
    )


def _analyst(source: Source, settings: FinCon) -> Analyst:
    profile = PROFILES.get(source.name) or Profile(source.name.lower(), "")
    recall = Recall(k=settings.recall) if settings.recall else None
    return Analyst(profile.name, source.name, _told(profile.duty, settings), recall=recall)


def _told(duty: str, settings: FinCon) -> str:
    """Its duty, and the target's background below."""
    return "\n\n".join([duty, *([f"# Target\n{settings.background}"] if settings.background else [])]).strip()
