"""Walk-forward evaluation of a SPEC."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from ..errors import SpecError
from .common import HOME, HomeDir, Json, MaxTokens, MaxUsd, Settings, Spec, awaited, loaded, overridden


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("walk")(walk_forward)


def walk_forward(
    spec: Spec,
    *,
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First day of the first window.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day of the last window.")],
    train_days: Annotated[int, typer.Option("--train", metavar="DAYS", help="Calendar days to train on.")] = 365,
    test_days: Annotated[
        int, typer.Option("--test", metavar="DAYS", help="Calendar days to test on, after them.")
    ] = 90,
    home: HomeDir = HOME,
    settings: Settings = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    as_json: Json = False,
) -> None:
    """Train on a window, test on the days after it, move on with what was learned.

    The SPEC is a function with the settings train_from, train_to, test_from and test_to. The same command goes on.
    """
    from ..graphs.walking import Stage, settings_of, walk, walk_windows
    from ..studies import walk_json, walk_view
    from ..views import show

    stages = []
    for each in walk_windows(_day("--from", first), _day("--to", last), train_days=train_days, test_days=test_days):
        window = [f"{key}={value}" for key, value in settings_of(each).items()]
        found = loaded(spec, [*(settings or []), *window], [])
        experiment = overridden(found.experiment, max_usd=max_usd, max_tokens=max_tokens)
        stages.append(Stage(each, experiment, found.reference))
    done = awaited(walk(stages, home.resolve()))
    show(walk_json(done), walk_view(done), as_json=as_json)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SpecError(f"{option} {text!r} is no day; write it as YYYY-MM-DD") from None
