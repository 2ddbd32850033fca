"""The command line. Commands import what they need when they run, so that ``doxa --help`` stays fast."""

from __future__ import annotations

import codecs
import inspect
import io
import logging
import os
import sys

import typer

from .commands import (
    beliefs,
    branching,
    costs,
    credit,
    curation,
    data,
    doctor,
    drawing,
    feedback,
    housekeeping,
    inbox,
    interchange,
    notebook,
    prove,
    redteam,
    report,
    runs,
    study,
    sweep,
    timetravel,
    upkeep,
    walking,
)
from .commands.common import Terminated
from .errors import DoxaError
from .escapes import terminal, unencodable
from .leaks import RedactedRecord, show_traceback
from .redaction import redacted

app = typer.Typer(
    name="doxa",
    help="Teams of LLM agents that learn from their own episodes, as beliefs you can see, question and undo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for subject in (
    runs,
    sweep,
    study,
    prove,
    redteam,
    walking,
    inbox,
    housekeeping,
    branching,
    report,
    costs,
    beliefs,
    notebook,
    credit,
    curation,
    timetravel,
    feedback,
    interchange,
    upkeep,
    drawing,
    data,
    doctor,
):
    subject.register(app)


def _unwrap(group: typer.Typer) -> None:
    """Take the line breaks out of the helps' paragraphs: they are the source's, and a terminal has its own."""
    for command in group.registered_commands:
        paragraphs = inspect.cleandoc(getattr(command.callback, "__doc__", None) or "").split("\n\n")
        command.help = command.help or "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _unwrap(inner.typer_instance)


_unwrap(app)


def main() -> None:
    """Run the command line: Doxa's errors become one message and an exit code, never a traceback."""
    sys.excepthook = show_traceback
    _write_anything()
    logging.setLogRecordFactory(RedactedRecord)
    try:
        app()
    except DoxaError as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except Terminated as stop:
        sys.exit(stop.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _write_anything() -> None:
    """What a terminal's or a pipe's encoding lacks, as under ``LANG=C``, is written as an escape and stops nothing."""
    codecs.register_error("doxa", unencodable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="doxa")


def _fail(error: DoxaError) -> None:
    typer.echo("\n".join(terminal(line) for line in redacted(f"error: {error}").split("\n")), err=True)
    for note in getattr(error, "__notes__", ()):
        if not note.startswith("During task with name"):  # LangGraph's, with an id that tells nobody anything
            typer.echo(terminal(redacted(note)), err=True)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
