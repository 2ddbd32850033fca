"""Memory: what happened, what was learned from it, and who is told.

============================  ==================================================================================
``home``, ``database``        the folder that everything lives in, its lock, its SQLite file
``journal``, ``events``       the append-only record of runs, the only truth; what it's made of
``canonical``                 the JSON that is hashed
``trajectory``                an episode as the journal tells it
``belief``, ``operations``    a belief, and what a critic may propose to do with beliefs
``scope``                     when a belief applies
``revision``, ``state``       what becomes of proposals, and what is believed after them
``propagation``, ``block``    which beliefs are handed to whom and why, and how they are written into a prompt
``embeddings``, ``vectors``   texts to vectors, and where those are kept
``recorded``, ``history``     belief events read back; what happened to a belief
``lineage``                   what was made from a belief
``curation``                  what a person may do to beliefs; ``interventions``: as events
``timetravel``, ``merging``   beliefs at other times, and together with another run's
``audit``, ``upkeep``         what is questionable about beliefs; a home kept in order
``interchange``, ``store``    beliefs in files; a LangGraph store in a home
``index``, ``chroma``         finding beliefs by vectors; can be deleted at any time
``memory``                    all of it together: :class:`BeliefMemory`
============================  ==================================================================================

Importing this imports neither chromadb nor scikit-learn; whoever needs them waits for them.
"""

from __future__ import annotations

from .belief import Belief, Credence, Evidence, Predicate, Scope, Status
from .embeddings import ChromaEmbedder, Embedder, HashingEmbedder, LiteLLMEmbedder, OnnxEmbedder, embedder
from .history import BeliefEvent
from .home import Home
from .journal import Entry, Event, Journal
from .memory import BeliefMemory
from .operations import Contraction, Expansion, Operation, Revision, StepRef
from .propagation import (
    AgentProfile,
    Broadcast,
    ByConcern,
    Choice,
    Nothing,
    Propagation,
    PropagationContext,
    PropagationRecord,
    parse,
    render,
)
from .state import RevisionResult

__all__ = [
    "AgentProfile",
    "Belief",
    "BeliefEvent",
    "BeliefMemory",
    "Broadcast",
    "ByConcern",
    "Choice",
    "ChromaEmbedder",
    "Contraction",
    "Credence",
    "Embedder",
    "Entry",
    "Event",
    "Evidence",
    "Expansion",
    "HashingEmbedder",
    "Home",
    "Journal",
    "LiteLLMEmbedder",
    "Nothing",
    "OnnxEmbedder",
    "Operation",
    "Predicate",
    "Propagation",
    "PropagationContext",
    "PropagationRecord",
    "Revision",
    "RevisionResult",
    "Scope",
    "Status",
    "StepRef",
    "embedder",
    "parse",
    "render",
]
