"""What reaches the terminal is text: nothing in it is obeyed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.cli.terminal import say, saying, show, table, tell_problems
from bnbench.errors import visible

HOSTILE = "a\x1b[31mb\x9b2Jc\rd\u202ee\ud800f"


@given(st.text())
def test_only_line_ends_and_tabs_are_left_of_what_is_no_text(text: str) -> None:
    shown = visible(text)
    shown.encode()  # half of a pair would raise
    assert not any(ord(sign) < 32 and sign not in "\t\n" for sign in shown)
    assert not any(0x7F <= ord(sign) < 0xA0 for sign in shown)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_text_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_lines_complaints_and_cells_are_shown_with_their_escapes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(HOSTILE)
    tell_problems(HOSTILE.replace("\r", ""))
    show(table(("name",), [(HOSTILE,)]))
    captured = capsys.readouterr()
    for stream in (captured.out, captured.err):
        assert "\\x1b[31mb\\x9b2Jc" in stream
        assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(stream)


def test_a_line_in_a_file_ends_with_its_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    show(table(("name", "remedy"), [("a", ""), ("longer", "none")]))
    assert capsys.readouterr().out == "name    remedy\na\nlonger  none\n"


def test_markup_and_emoji_names_in_a_cell_stay_text(capsys: pytest.CaptureFixture[str]) -> None:
    show(table(("name",), [("[red]x[/foo] :bomb:",)]))
    assert "[red]x[/foo] :bomb:" in capsys.readouterr().out


@pytest.mark.parametrize(("asked", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_verdict_has_a_colour_unless_none_is_wanted(
    asked: dict[str, str],
    coloured: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", **asked}.items():
        monkeypatch.setenv(name, value)
    show(table(("", "verdict"), [("", "SUPPORTED"), ("", "OPEN")]))
    out = capsys.readouterr().out
    assert ("\x1b[32mSUPPORTED" in out) == coloured
    assert "OPEN" in out
    monkeypatch.setenv("TERM", "dumb")
    show(table(("", "verdict"), [("", "SUPPORTED")]))
    assert "\x1b" not in capsys.readouterr().out


def test_a_word_only_where_it_takes_long_and_a_person_waits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnbench.cli.terminal.SLOW", 0.01)
    for person in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda person=person: person)
        with saying("reading"):
            time.sleep(0.1)
        with saying("done at once"):
            pass
        assert capsys.readouterr().err == ("reading ...\n" if person else "")
