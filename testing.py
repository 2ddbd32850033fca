"""For users' tests: a scripted OpenAI-compatible server on the loopback interface, and the faults it can be told to do.

``ScriptedModel``, which needs no server, is in :mod:`doxa.models`.
"""

from __future__ import annotations

from .models import faults
from .models.faults import Fault
from .models.testing import OpenAIServer, Received

__all__ = ["Fault", "OpenAIServer", "Received", "faults"]
