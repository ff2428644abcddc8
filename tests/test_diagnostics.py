from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from runeflash.diagnostics import (
    Diagnostic,
    Diagnostics,
    Severity,
    SourceFile,
    Span,
    as_json,
    did_you_mean,
    render,
)


def test_rendering_shows_the_place_with_a_caret() -> None:
    source = SourceFile("demo/Runefile.yml", "image: x\npipeline:\n  a: tset\n")
    diagnostic = Diagnostic("RF999", Severity.ERROR, "wrong", Span(24, 28), hint="write test", notes=("a note",))
    assert render(diagnostic, source).splitlines() == [
        "error: wrong [RF999]",
        " --> demo/Runefile.yml:3:6",
        "  |",
        "3 |   a: tset",
        "  |      ^^^^",
        "  = a note",
        "  hint: write test",
    ]


def test_rendering_without_a_place() -> None:
    assert render(Diagnostic("RF999", Severity.WARNING, "odd"), None) == "warning: odd [RF999]"


def test_the_caret_stands_under_the_column_whatever_comes_before() -> None:
    source = SourceFile("f", "\t左e\u0301x y")
    lines = render(Diagnostic("RF999", Severity.ERROR, "m", Span(4, 5)), source).splitlines()
    assert lines[3] == "1 |     左e\u0301x y"
    # 4 cells of the tab, 2 of the ideogram, 1 of the letter with its accent
    assert lines[4] == "  | " + " " * 7 + "^"


def test_a_span_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    source = SourceFile("f", "abc\ndef\n")
    assert render(Diagnostic("RF999", Severity.ERROR, "m", Span(1, 6)), source).splitlines()[4] == "  |  ^^"


def test_a_long_line_is_cut_to_what_matters() -> None:
    source = SourceFile("f", "x" * 5000 + "HERE" + "y" * 5000)
    lines = render(Diagnostic("RF999", Severity.ERROR, "m", Span(5000, 5004)), source).splitlines()
    assert lines[1] == " --> f:1:5001"
    assert len(lines[3]) < 200
    assert lines[3][lines[4].index("^") : lines[4].rindex("^") + 1] == "HERE"


def test_nothing_that_a_terminal_acts_on_is_printed() -> None:
    source = SourceFile("f", "\x1b[31mred\x07\u202e")
    diagnostic = Diagnostic("RF999", Severity.ERROR, "\x1b]0;title\x07", Span(0, 3), hint="\x9b", notes=("\x00",))
    text = render(diagnostic, source)
    assert not [c for c in text if ord(c) < 32 and c != "\n"]
    assert "\x9b" not in text
    assert "\u202e" not in text


def test_order_is_that_of_the_file_and_findings_without_a_place_come_last() -> None:
    diagnostics = Diagnostics()
    diagnostics.warning("RF001", "c")
    diagnostics.error("RF002", "b", Span(9, 10))
    diagnostics.warning("RF003", "a", Span(1, 2))
    assert [item.message for item in diagnostics.in_order()] == ["a", "b", "c"]
    assert diagnostics.has_errors
    assert diagnostics.count(Severity.WARNING) == 2


def test_promoting_warnings_makes_all_of_them_errors() -> None:
    diagnostics = Diagnostics()
    diagnostics.warning("RF001", "a", Span(1, 2), hint="h")
    assert not diagnostics.has_errors
    diagnostics.promote_warnings()
    assert list(diagnostics) == [Diagnostic("RF001", Severity.ERROR, "a", Span(1, 2), "h")]


def test_json_has_line_and_column_from_1() -> None:
    source = SourceFile("f", "ab\ncd\n")
    found = as_json(Diagnostic("RF001", Severity.ERROR, "m", Span(3, 5), "h", ("n",)), source)
    assert json.loads(json.dumps(found)) == {
        "code": "RF001",
        "severity": "error",
        "message": "m",
        "place": {"file": "f", "line": 2, "column": 1, "end_line": 2, "end_column": 3},
        "hint": "h",
        "notes": ["n"],
    }
    assert as_json(Diagnostic("RF001", Severity.ERROR, "m"), source)["place"] is None


def test_did_you_mean() -> None:
    assert did_you_mean("modlo", ["label", "modulo", "normalize"]) == 'did you mean "modulo"?'
    assert did_you_mean("HZ", ["hz", "source"]) == 'did you mean "hz"?'
    assert did_you_mean("xyz", ["label", "modulo"]) is None
    assert did_you_mean("a" * 100_000, ["a" * 100_000, "label"]) is None


@given(st.text(), st.integers(0, 60), st.integers(0, 60))
def test_rendering_copes_with_any_text_and_span(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    span = Span(start, min(start + length, len(text)))
    source = SourceFile("f", text)
    lines = render(Diagnostic("RF999", Severity.ERROR, "m", span), source).split("\n")
    assert len(lines) == 5
    assert "^" in lines[4]
    line, column = source.line_column(span.start)
    assert sum(len(part) + 1 for part in text.split("\n")[: line - 1]) + column - 1 == span.start
