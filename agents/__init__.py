"""Agents: LangGraph nodes that ask a model.

========== ====================================================================
module     concept
========== ====================================================================
analyst    reads one source, returns an ``Insight``
manager    weighs the insights, returns the ``Decision``
human      a person as the manager; people: how people are asked
gate       where a person approves, rejects or edits a decision; occasions: when
review     where a person rules on a belief before it is in force
briefing   what a manager is told about a step, model or person
node       the protocol that both fulfil, and anyone's own agent may
state      what nodes hand to each other
episode    what nodes can reach: views, belief blocks, models, the journal
outputs    ``Insight`` and ``Decision``, the typed answers
failing    what an agent's failure means to a run; failsafe: the node that sees to it
prompts    how it is all worded
========== ====================================================================
"""

from .analyst import Analyst
from .episode import Episode, Mode
from .failing import OnFailure, SafeAction
from .failsafe import Failsafe
from .gate import Gate
from .human import HumanManager
from .manager import Manager
from .node import Agent, EpisodeRuntime
from .occasions import Acting, Alerted, Always, Contested, Dissent, Tainted, Unsure
from .outputs import Decision, Insight, Reading
from .people import Inbox
from .review import Review
from .state import EpisodeState, Update

__all__ = [
    "Acting",
    "Agent",
    "Alerted",
    "Always",
    "Analyst",
    "Contested",
    "Decision",
    "Dissent",
    "Episode",
    "EpisodeRuntime",
    "EpisodeState",
    "Failsafe",
    "Gate",
    "HumanManager",
    "Inbox",
    "Insight",
    "Manager",
    "Mode",
    "OnFailure",
    "Reading",
    "Review",
    "SafeAction",
    "Tainted",
    "Unsure",
    "Update",
]
