"""Memory: what happened, what was learned from it, and who is told.

============================  ==================================================================================
``home``, ``database``        the folder that everything lives in, its lock, its SQLite file
``foreign``                   what no journal's file may hold: SQL that runs by itself
``trouble``                   what to do where something can't be written
``formats``                   the versions of its tables, and the way from each to the next
``journal``, ``events``       the append-only record of runs, the only truth; what it's made of
``writer``, ``outbox``        how events get there: linked at once, written together; ``commits``: for many tasks
``canonical``                 the JSON that is hashed
``trajectory``                an episode as the journal tells it
``belief``, ``operations``    a belief, and what a critic may propose to do with beliefs
``scope``                     when a belief applies
``revision``, ``state``       what becomes of proposals, and what is believed after them
``relation``, ``judging``     what two beliefs are to each other, and who decides where that is open
``likeness``, ``wording``     two texts side by side, and what one of them advises; by the words of ``thesaurus``
``clauses``, ``stemming``     what a negation in a sentence reaches; words without their endings
``lengths``                   how long what a belief says may be
``gate``, ``past``            what keeps a proposal from being in force; what was, in the episodes it cites
``terms``, ``disputes``       under which terms proposals are judged; what contradiction does to beliefs
``provenance``, ``vetting``   whose words are in a value; the support that lets tainted beliefs in
``suspicion``                 words that command or hide
``revoking``, ``without``     withdrawing all that came from a source; what would be believed without it
``sentences``, ``gleaning``   a scope's sentence read into conditions, whole or in part
``nearness``                  from when texts count as near, by the embedder behind their cosine
``propagation``, ``block``    which beliefs are handed to whom and why, and how they are written into a prompt
``asked``, ``choosing``       what a propagation depends on; asking a policy, and checking what it says
``filling``                   the best beliefs that a budget has room for, disputed ones in pairs
``omissions``                 settings that weren't there yet when something was recorded
``behaviours``                what several beliefs come to, handed out in place of them
``holdout``, ``policies``     leaving beliefs out by lot; other policies, to compare with
``credit``, ``comparison``    what beliefs are worth; ``intervals``, ``ranks``: how sure; ``lots``: drawing
``embeddings``, ``vectors``   texts to vectors, and where those are kept
``recorded``, ``history``     belief events read back; what happened to a belief
``lineage``                   what was made from a belief
``curation``                  what a person may do to beliefs; ``interventions``: as events
``feedback``, ``transcripts`` lessons out of what people said; ``conditions``: as people write them
``timetravel``, ``merging``   beliefs at other times, and together with another run's
``questions``, ``forms``      what people are asked and answer; which answers fit
``references``, ``removal``   what events name; runs removed, and what only they named
``approval``, ``ruling``      beliefs held as candidates until people have ruled on them
``retention``, ``garbage``    how long runs are kept; what a home holds and doesn't need
``archive``, ``arrival``      a run as one file, and taken in from one; ``bounds``: how large that may be
``postgres``                  a server with a shared journal; ``gathering``: runs to it; ``mirror``: a copy of it
``audit``, ``upkeep``         what is questionable about beliefs; a home kept in order
``interchange``, ``store``    beliefs in files; a LangGraph store in a home
``migrations``                beliefs as earlier versions wrote them
``index``, ``chroma``         finding beliefs by vectors; can be deleted at any time; ``collection``: in Chroma
``served``, ``address``       a Chroma server in its place, and where that is; ``settings``: a home's own
``retrieval``, ``fusion``     finding texts by words, vectors, facts and time
``library``, ``passages``     where such texts are kept; its indexes: ``filters``, ``lexicon``, ``matrix``, ``signs``
``dialogue``, ``readings``    questions about what people said, read part by part
``searching``, ``shelf``      the same over beliefs, and the library kept for that
``procedural``                what each agent remembers; ``remembering``: what a critic may do to it
``episodic``                  earlier episodes in numbers
``memory``                    all of it together: :class:`BeliefMemory`
============================  ==================================================================================

Importing this imports neither chromadb nor scikit-learn; whoever needs them waits for them.
"""

from __future__ import annotations

from .behaviours import Distiller
from .belief import Belief, Credence, Evidence, Predicate, Scope, Status
from .dialogue import DialogueReader, spoken
from .embeddings import ChromaEmbedder, Embedder, HashingEmbedder, LiteLLMEmbedder, OnnxEmbedder, embedder
from .episodic import EpisodeMemory, episodes
from .fusion import Weights
from .history import BeliefEvent
from .holdout import HoldOut
from .home import Home
from .journal import Entry, Event, Journal
from .library import Library
from .memory import BeliefMemory
from .operations import Contraction, Expansion, Operation, Revision, StepRef
from .passages import Passage
from .policies import LastK, Shuffled
from .procedural import Fading, ProceduralMemory, Recalled
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
from .questions import Question, Reply
from .readings import Reading
from .remembering import Memory, MemoryOperation, MemoryResult, Note
from .retrieval import Found, Retriever
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
    "DialogueReader",
    "Distiller",
    "Embedder",
    "Entry",
    "EpisodeMemory",
    "Event",
    "Evidence",
    "Expansion",
    "Fading",
    "Found",
    "HashingEmbedder",
    "HoldOut",
    "Home",
    "Journal",
    "LastK",
    "Library",
    "LiteLLMEmbedder",
    "Memory",
    "MemoryOperation",
    "MemoryResult",
    "Note",
    "Nothing",
    "OnnxEmbedder",
    "Operation",
    "Passage",
    "Predicate",
    "ProceduralMemory",
    "Propagation",
    "PropagationContext",
    "PropagationRecord",
    "Question",
    "Reading",
    "Recalled",
    "Reply",
    "Retriever",
    "Revision",
    "RevisionResult",
    "Scope",
    "Shuffled",
    "Status",
    "StepRef",
    "Weights",
    "embedder",
    "episodes",
    "parse",
    "render",
    "spoken",
]
