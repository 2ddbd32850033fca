"""For users' tests: a scripted OpenAI-compatible server with the faults it can be told to do, and virtual time.

``ScriptedModel``, which needs no server, is in :mod:`doxa.models`.
"""

from __future__ import annotations

from .models import faults
from .models.faults import Fault
from .models.testing import OpenAIServer, Received
from .models.virtual import run_virtually

__all__ = ["Fault", "OpenAIServer", "Received", "faults", "run_virtually"]
