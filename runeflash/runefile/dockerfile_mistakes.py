"""What is wrong with a statement of the Dockerfile-like dialect, in words.

The dialect changed several times before it settled in February 2021. A statement of an older form gets a message that
says what has changed since; any other one says what was expected and what form the statement has.
"""

from __future__ import annotations

import re

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Diagnostic, Severity, Span, did_you_mean
from runeflash.runefile.dockerfile_statements import KEYWORDS, Mistake

#: The form of each statement, for hints.
FORMS = {
    "FROM": "FROM runicos/base",
    "CAPABILITY": "CAPABILITY<OUTPUT> name KIND --argument=value",
    "PROC_BLOCK": "PROC_BLOCK<INPUT, OUTPUT> name path --argument=value",
    "MODEL": "MODEL<INPUT, OUTPUT> name ./file.tflite",
    "OUT": "OUT serial",
    "RUN": "RUN first_stage second_stage serial",
}

_EXPECTED = {
    "LESSTHAN": "`<` and a type",
    "MORETHAN": "`>`",
    "COMMA": "a comma",
    "LSQB": "`[` and dimensions",
    "RSQB": "`]`",
    "INFERRED": "_",
    "NAME": "a name",
    "DIMENSION": "a dimension",
    "FLAG": "an argument such as --name=value",
    "EQUAL": "`=`",
    "ITEM": "a value",
    "PATH": "a path",
    "FILE": "a file",
    "END": "the next instruction",
}
_WORD = re.compile(r"[^\s]+")
_ROUND = ("PROC_BLOCK", "MODEL")


def explain(mistake: Mistake, text: str) -> Diagnostic:
    """Return the finding about a statement that could not be read."""
    if mistake.keyword is None:
        return _no_statement(mistake.span, text)
    found = text[mistake.span.start : mistake.span.end]
    keyword = mistake.keyword.terminal
    older = _older_form(mistake, keyword, found, text)
    if older is not None:
        message, hint = older
        start = mistake.span.start
        last = mistake.tokens[-1]
        if last.terminal == "NAME" and last.span.end == start:
            start = last.span.start  # the beginning of what was taken for a name
        word = _WORD.match(text, start)
        whole = word is not None and re.match(r"[./\w-]", word[0])
        span = Span(start, word.end()) if whole and word is not None else mistake.span
        return Diagnostic(codes.OLDER_DIALECT, Severity.ERROR, message, span, hint)
    line_start = text.rfind("\n", 0, mistake.span.start) + 1
    if "END" in mistake.expected and not text[line_start : mistake.span.start].strip():
        return _no_statement(mistake.span, text)
    wanted = " or ".join(_wanted(mistake, keyword))
    is_over = not found or (mistake.tokens and mistake.tokens[-1].span == mistake.span)
    seen = f"but the {keyword} instruction ends here" if is_over else f'found "{found[:60]}"'
    message = f"{'Expected' if is_over else f'{keyword}: expected'} {wanted}, {seen}"
    return Diagnostic(codes.WRONG_STATEMENT, Severity.ERROR, message, mistake.span, _hint(mistake, keyword, text))


def _wanted(mistake: Mistake, keyword: str) -> list[str]:
    names = sum(token.terminal in {"NAME", "INFERRED"} for token in mistake.tokens)
    closed = any(token.terminal == "MORETHAN" for token in mistake.tokens)
    described = []
    for terminal in mistake.expected:
        if terminal == "NAME" and keyword in {"CAPABILITY", *_ROUND}:
            if not closed:
                described.append("a type such as F32[128, 3]")
            else:
                # Before the stage's own name there is one of each type.
                is_kind = keyword == "CAPABILITY" and names > 1
                described.append("a kind such as SOUND" if is_kind else "the stage's name")
        elif terminal == "NAME" and keyword == "OUT":
            described.append("a kind such as serial")
        elif terminal == "INFERRED" or (terminal == "EQUAL" and "ITEM" in mistake.expected):
            continue
        else:
            described.append(_EXPECTED[terminal])
    return described


def _hint(mistake: Mistake, keyword: str, text: str) -> str:
    form = f"the form is: {FORMS[keyword]}"
    start = mistake.span.start
    last = mistake.tokens[-1] if mistake.tokens else mistake.keyword
    found = text[start : mistake.span.end]
    is_cut = last is not None and last.span.end == start and found != ""
    if is_cut and last is not None and last.terminal in {"PATH", "FILE"} and found in {"\\", ":"} and keyword != "FROM":
        return "the folders of a path are separated by /, on Windows too"
    if keyword == "RUN" and (found in {",", ";", ">", "|"} or text.startswith("->", start)):
        return "the names in a RUN instruction are separated by spaces"
    if is_cut and last is not None and last.terminal == "NAME" and found not in {",", ";"}:
        letters = "a name consists of the letters A to Z, digits and _"
        return f"{letters}; write _ instead of -" if found == "-" else letters
    if found == '"' and "ITEM" in mistake.expected:
        return "the quotation mark has no other one on its line"
    if last is not None and last.terminal == "FLAG":
        return "every argument has a value: --name=value or --name value"
    if found == "," and "ITEM" in mistake.expected:
        return "a list is written item,item,item; an item cannot be empty (quote one that contains a comma)"
    if keyword == "FROM" and found == ":":
        return "a version is written with @, as in runicos/base@latest"
    if keyword == "RUN" and not mistake.tokens[1:]:
        return "A RUN instruction can't be empty: name the stages in the order of the data"
    if "END" in mistake.expected and keyword == "OUT":
        return "OUT takes nothing but its kind; each instruction begins on its own line"
    return form


def _no_statement(span: Span, text: str) -> Diagnostic:
    match = _WORD.match(text, span.start)
    word = match[0] if match is not None else ""
    name = re.split(r"[<=:]", word, maxsplit=1)[0]
    if name.upper() in KEYWORDS:
        return Diagnostic(
            codes.OLDER_DIALECT,
            Severity.ERROR,
            f'Instructions are written in capital letters since 2021: {name.upper()}, not "{name[:60]}"',
            Span(span.start, span.start + len(name)),
        )
    hint = did_you_mean(name.upper(), KEYWORDS) or f"the instructions are {', '.join(KEYWORDS)}"
    return Diagnostic(
        codes.WRONG_STATEMENT,
        Severity.ERROR,
        f'"{(name or word)[:60]}" is no instruction',
        Span(span.start, max(span.start + len(name), span.end)),
        hint,
    )


def _older_form(mistake: Mistake, keyword: str, found: str, text: str) -> tuple[str, str] | None:
    """Return message and hint for a statement in a form that the dialect once had."""
    types = sum(token.terminal == "COMMA" for token in mistake.tokens) + 1
    expected = mistake.expected
    closed = any(token.terminal == "MORETHAN" for token in mistake.tokens)
    form = f"write: {FORMS[keyword]}"
    match = _WORD.match(text, mistake.span.start)
    word = match[0] if match is not None else ""
    if expected == ("LESSTHAN",) and keyword in {"CAPABILITY", *_ROUND}:
        what = "the type of its output" if keyword == "CAPABILITY" else "the types of its input and output"
        return f"{keyword} has {what} in angle brackets since January 2021", f"{form} (a type may be _)"
    if keyword == "CAPABILITY" and expected == ("MORETHAN",) and found == ",":
        return "CAPABILITY has one type, its output's, since February 2021", form
    if keyword in _ROUND and not closed and types == 1 and found == ">":
        return f"{keyword} has two types, its input's and its output's", form
    if found == "(" and "INFERRED" in expected:
        return (
            "A type is one tensor: lists of types in round brackets were never part of the dialect",
            f"{form}; several RUN instructions connect several inputs",
        )
    if found in {"[", ";"} and keyword != "FROM" and not closed:
        return f'A tensor type is written F32[128, 3], with one pair of brackets; found "{found}"', form
    if keyword in _ROUND and closed and _is_path(mistake, text):
        what = "path" if keyword == "PROC_BLOCK" else "file"
        return f"The name of a stage comes before its {what} since February 2021", form
    if re.match(r"(?:input|output)_type=", word):
        return (
            f"{word.partition('=')[0]} is no argument since February 2021: types stand in angle brackets",
            form,
        )
    if keyword == "FROM" and word.lower() == "as":
        return "FROM has no alias since February 2021", f"leave out {word} and the name after it"
    if found == "-" and re.match(r"-[A-Za-z][A-Za-z0-9_-]+", word):
        return "An argument of more than one letter begins with two hyphens", f"write -{re.split('[=]', word)[0]}"
    return None


def _is_path(mistake: Mistake, text: str) -> bool:
    """Return whether a path stands where the name should; its beginning may have been taken for one."""
    last = mistake.tokens[-1]
    cut = last.terminal == "NAME" and last.span.end == mistake.span.start
    if not cut and "NAME" not in mistake.expected:
        return False
    word = _WORD.match(text, last.span.start if cut else mistake.span.start)
    return word is not None and re.match(r"\.|[A-Za-z0-9_][A-Za-z0-9_-]*(?:[./@#]|://)", word[0]) is not None
