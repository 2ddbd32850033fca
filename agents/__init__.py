"""Agents: LangGraph nodes that ask a model.

========== ====================================================================
module     concept
========== ====================================================================
analyst    reads one source, returns an ``Insight``
manager    weighs the insights, returns the ``Decision``
human      a person as the manager; people: how people are asked
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
from .human import HumanManager
from .manager import Manager
from .node import Agent, EpisodeRuntime
from .outputs import Decision, Insight, Reading
from .people import Inbox
from .state import EpisodeState, Update

__all__ = [
    "Agent",
    "Analyst",
    "Decision",
    "Episode",
    "EpisodeRuntime",
    "EpisodeState",
    "Failsafe",
    "HumanManager",
    "Inbox",
    "Insight",
    "Manager",
    "Mode",
    "OnFailure",
    "Reading",
    "SafeAction",
    "Update",
]
