"""What runs ask people, and the answers."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import HOME, HomeDir, Json, journal

if TYPE_CHECKING:
    from ..memory import Question

inbox = typer.Typer(help="What runs ask people: list open questions, show one, answer it.")
QuestionId = Annotated[str, typer.Argument(metavar="ID", help="A question's id, or its beginning.")]
WHO = "Who answers; stays on this machine."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    inbox.callback(invoke_without_command=True)(listed)
    inbox.command("show")(show_question)
    inbox.command("answer")(answer)
    app.add_typer(inbox, name="inbox")


def listed(
    context: typer.Context,
    home: HomeDir = HOME,
    every: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List the open questions of a home's runs; or show or answer one."""
    from ..memory.questions import questions
    from ..tables import questions_table
    from ..views import show

    if context.invoked_subcommand is not None:
        context.obj = home
        return
    with journal(home) as opened:
        found = [question for question in questions(opened) if every or question.reply is None]
    show([_told(question) for question in found], questions_table(found), as_json=as_json)


def show_question(context: typer.Context, question: QuestionId, home: HomeDir = HOME, as_json: Json = False) -> None:
    """Show a question: what the person should see, and which answers fit."""
    from ..memory.questions import find
    from ..tables import question_view
    from ..views import show

    with journal(_home(context, home)) as opened:
        found = find(opened, question)
    show({**_told(found), "text": found.text, "schema": found.schema}, question_view(found), as_json=as_json)


def answer(
    context: typer.Context,
    question: QuestionId,
    value: Annotated[
        list[str] | None, typer.Argument(metavar="[VALUE]", help="Text or JSON; without it, what was proposed.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; part of the run's log.")] = "",
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help=WHO)] = None,
    home: HomeDir = HOME,
    as_json: Json = False,
) -> None:
    """Answer a question; 'doxa resume' then goes on with its run."""
    from ..graphs.run import going_on, place_of
    from ..memory import Home, Journal, Reply
    from ..memory.questions import find, replied, unanswered
    from ..views import show

    home = _home(context, home)
    with journal(home) as reading:
        asked = find(reading, question)
        reply = Reply(asked.meant(value or []), reason)
    with Journal.open(Home(home), write=True) as opened:
        done = replied(opened, asked, reply, by or who())
        left = [other.id for other in unanswered(opened, done.run)]
        then = going_on(done.run, place_of(opened, done.run).reference)
    more = f"{len(left)} more of this run: doxa inbox" if left else f"go on with it: {then}"
    show({**_told(done), "left": left}, f"{done.id} ({done.where}): {reply.value!r}. {more}", as_json=as_json)


def terminal() -> Callable[[Question], Any]:
    """Somebody at a terminal, asked at once; an empty line leaves a question for later, or takes what was proposed."""
    from ..errors import QuestionError
    from ..memory import Reply
    from ..tables import question_view
    from ..views import on_terminal

    def ask(question: Question) -> Reply | None:
        on_terminal(question_view(question))
        while (line := _said("answer")) is not None and (line or question.default is not None):
            try:
                value = question.meant(line.split())
            except QuestionError as error:
                typer.echo(f"{error}", err=True)
            else:
                return Reply(value, _said("reason") or "")
        return None

    return ask


def _said(what: str) -> str | None:
    """A line from the terminal; ``None`` from somebody who breaks off."""
    try:
        return str(typer.prompt(what, default="", show_default=False, err=True))
    except typer.Abort:
        return None


def who() -> str:
    """The user of this machine."""
    return getpass.getuser()


def _home(context: typer.Context, home: Path) -> Path:
    """The home named at the command itself, or else before it."""
    source = context.get_parameter_source("home")
    before = context.obj if isinstance(context.obj, Path) else home
    return before if source is not None and source.name.startswith("DEFAULT") else home


def _told(question: Question) -> dict[str, Any]:
    """A question as JSON, without what it shows at length."""
    told = {name: getattr(question, name) for name in ("id", "run", "episode", "step", "agent", "about", "allowed")}
    reply = None if question.reply is None else vars(question.reply)
    return {**told, "default": question.default, "reply": reply}
