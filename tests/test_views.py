"""What the command line shows, and that nothing anyone wrote is taken for more than text."""

from __future__ import annotations

import io

from rich.console import Console

from doxa.views import Hanging, columns, plain


def test_plain_text_has_no_control_characters() -> None:
    assert plain("a\x1b]0;title\x07b\u202e").plain == "a ]0;title b "


def test_a_line_that_is_broken_hangs_and_loses_nothing() -> None:
    for text, width in (("  " + "word " * 40 + "end", 40), ("short", 80), ("  b\x1b[2J " + "x" * 200, 30)):
        console = Console(file=(out := io.StringIO()), width=width, color_system=None)
        console.print(Hanging(text))
        first, *rest = out.getvalue().rstrip("\n").split("\n")
        assert "".join(out.getvalue().split()) == "".join(plain(text).plain.split())
        margin = len(text) - len(text.lstrip())
        assert len(first) - len(first.lstrip()) == margin
        assert all(line.startswith(" " * (margin + 4)) and len(line) <= width for line in rest)


def test_a_table_breaks_no_word_however_narrow_the_terminal() -> None:
    table = columns("run", "status", ">return", "digest")
    table.add_row("committee-1", "interrupted", "+0.0000", "9f01a315fd09")
    for width in (80, 44, 43, 30):
        console = Console(file=(out := io.StringIO()), width=width, color_system=None)
        console.print(table)
        assert {"committee-1", "interrupted", "+0.0000", "9f01a315fd09"} <= set(out.getvalue().split())
        assert max(map(len, out.getvalue().split("\n"))) <= width


def test_in_a_table_that_just_fits_what_has_blanks_gives_way() -> None:
    table = columns("run", "arm")
    table.add_row("rain-broadcast-1", "seed=0 days=3 more=4")
    console = Console(file=(out := io.StringIO()), width=30, color_system=None)
    console.print(table)
    assert "rain-broadcast-1" in out.getvalue()
    assert out.getvalue().startswith("run ")
