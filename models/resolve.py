"""From a model's name to the model."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ModelSetupError, options
from .parameters import unnamed
from .protocol import Model

EXAMPLES = ("heuristic", "openai/gpt-4o-mini", "litellm/anthropic/claude-sonnet-4-5")


def resolve_model(model: str | Model) -> Model:
    """The model of a name: ``heuristic``, ``openai/MODEL`` or ``litellm/PROVIDER/MODEL``; a model is itself.

    Parameters may follow, as in ``openai/gpt-4o-mini?seed=1&temperature=0.3``: that is how journals name models.

    Raises:
        ModelSetupError: The name stands for no model, or the model can't be set up.
    """
    if not isinstance(model, str):
        if isinstance(model, Model):
            return model
        raise ModelSetupError(
            f"{model!r} is no model: a model has a name and a coroutine method complete(request); "
            f"or name one, as in {', '.join(EXAMPLES)}"
        )
    makers: dict[str, Callable[[str], Model]] = {"heuristic": _heuristic, "openai": _openai, "litellm": _litellm}
    maker, _, name = model.partition("/")
    if maker not in makers or bool(name) == (maker == "heuristic"):
        raise ModelSetupError(f"unknown model {model!r}: {options(model, EXAMPLES)}")
    return makers[maker](name)


def _heuristic(_: str) -> Model:
    from .heuristic import HeuristicModel

    return HeuristicModel()


def _openai(name: str) -> Model:
    from .openai import OpenAIModel

    bare, parameters = unnamed(name)
    return OpenAIModel(bare, **parameters)


def _litellm(name: str) -> Model:
    from .litellm import LiteLLMModel

    bare, parameters = unnamed(name)
    return LiteLLMModel(bare, **parameters)
