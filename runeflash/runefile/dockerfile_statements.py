"""The text of a Dockerfile-like Runefile to its statements, by the tables of its grammar.

Entry point: :func:`read_statements`. A statement goes on until the next keyword, over ends of lines too. One that is
wrong is reported, and reading goes on at the next keyword.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from runeflash.diagnostics import Span
from runeflash.records import record
from runeflash.runefile.dockerfile_tables import ACTIONS, FINAL, GO_TO, TERMINALS

KEYWORDS = ("FROM", "CAPABILITY", "PROC_BLOCK", "MODEL", "OUT", "RUN")
MAXIMUM_TOKENS = 100_000

_KEYWORD = re.compile(rf"(?:{'|'.join(KEYWORDS)})(?![A-Za-z0-9_./=,-])")
# Where reading goes on after an error: a keyword that is the first word of its line.
_NEXT_KEYWORD = re.compile(rf"^[ \t]*({'|'.join(KEYWORDS)})(?![A-Za-z0-9_./=,-])", re.MULTILINE)
# White space, ends of lines with or without a backslash, and comments. A comment is one line, whatever ends it.
_SKIPPED = re.compile(r"(?:[ \t\r\n\f\v]|\\[ \t\r]*(?:\n|\Z)|#[^\n]*)*")
_FOUND = re.compile(r"[A-Za-z0-9_]+|[^\s]|$")


@record
class Token:
    """A piece of the text; ``terminal`` is what the grammar calls it."""

    terminal: str
    text: str
    span: Span


@record
class Tree:
    """What a rule of the grammar was found to consist of."""

    rule: str
    children: list[Tree | Token]

    def tokens(self, *terminals: str) -> list[Token]:
        """Return the tokens among the children that are of these terminals."""
        return [child for child in self.children if isinstance(child, Token) and child.terminal in terminals]

    def trees(self, rule: str) -> list[Tree]:
        """Return the children of a rule."""
        return [child for child in self.children if isinstance(child, Tree) and child.rule == rule]

    @property
    def first(self) -> Token:
        """The first token."""
        child = self.children[0]
        return child.first if isinstance(child, Tree) else child

    @property
    def span(self) -> Span:
        """From the first to the last token."""
        last = self.children[-1]
        return Span(self.first.span.start, last.span.end)


@record
class Mistake:
    """A statement that is none.

    Attributes:
        keyword: what it begins with, or None before the first one.
        tokens: what was read of it before the mistake.
        span: what stands where something else should.
        expected: the terminals that could stand there; ``END`` is the statement's end.
        end: where reading goes on.
    """

    keyword: Token | None
    tokens: list[Token]
    span: Span
    expected: tuple[str, ...]
    end: int


class TooManyTokensError(Exception):
    """There are more than :data:`MAXIMUM_TOKENS`."""


def _matcher(state: int) -> re.Pattern[str]:
    # Keywords come first in the first state and never later; INFERRED must be tried before NAME, which is its order.
    terminals = sorted(name for name in ACTIONS[state] if name != "END")
    return re.compile("|".join(f"(?P<{name}>{TERMINALS[name]})" for name in terminals))


_MATCHERS: dict[int, re.Pattern[str]] = {}


def read_statements(text: str, report: Callable[[Mistake], None]) -> Iterator[Tree]:
    """Yield the statements of a text in their order; what is no statement is reported.

    Raises:
        TooManyTokensError: there are more tokens than a Runefile may have.
    """
    reader = _Reader(text)
    position = reader.skip(0)
    while position < len(text):
        if _KEYWORD.match(text, position) is None:
            end = reader.next_keyword(position)
            report(Mistake(None, [], reader.found(position), KEYWORDS, end))
            position = reader.skip(end)
            continue
        result = reader.statement(position)
        if isinstance(result, Mistake):
            if reader.complete is not None:
                # All of it was there, and something after it that does not belong to it.
                yield reader.complete
            report(result)
            position = reader.skip(result.end)
        else:
            yield result
            position = reader.skip(reader.position)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.count = 0
        self.complete: Tree | None = None

    def skip(self, position: int) -> int:
        match = _SKIPPED.match(self.text, position)
        assert match is not None
        return match.end()

    def next_keyword(self, position: int) -> int:
        match = _NEXT_KEYWORD.search(self.text, self.line_end(position))
        return match.start(1) if match is not None else len(self.text)

    def line_end(self, position: int) -> int:
        end = self.text.find("\n", position)
        return end + 1 if end >= 0 else len(self.text)

    def is_first_of_line(self, position: int) -> bool:
        start = self.text.rfind("\n", 0, position) + 1
        return position - start < 1000 and not self.text[start:position].strip(" \t")

    def found(self, position: int) -> Span:
        match = _FOUND.match(self.text, position)
        return Span(position, max(match.end() if match is not None else 0, min(position + 1, len(self.text))))

    def statement(self, position: int) -> Tree | Mistake:
        """Read the statement that begins with the keyword at a position."""
        states, values = [0], list[Tree | Token | list[Tree | Token]]()
        tokens: list[Token] = []
        self.complete = None
        while True:
            token = self.token(position, states[-1], tokens)
            # The tables merge states that differ in what may follow, so a token may turn out to be wrong only here.
            taken = token is not None and self.take(states, values, token)
            if token is None or not taken:
                return self.mistake(position, states, values, tokens)
            if token.terminal == "END":
                self.position = position
                (result,) = values
                assert isinstance(result, Tree)
                return result
            tokens.append(token)
            self.count += 1
            if self.count > MAXIMUM_TOKENS:
                raise TooManyTokensError
            position = token.span.end
            # A number sign right after = belongs to the value; after white space it begins a comment.
            if token.terminal != "EQUAL" or self.text[position : position + 1] != "#":
                position = self.skip(position)

    def mistake(
        self, position: int, states: list[int], values: list[Tree | Token | list[Tree | Token]], tokens: list[Token]
    ) -> Mistake:
        expected = tuple(ACTIONS[states[-1]])
        self.complete = None
        # What is glued to a path belongs to it, so the path is wrong and not only what follows.
        is_cut = tokens[-1].terminal in {"PATH", "FILE"} and tokens[-1].span.end == position < len(self.text)
        if "END" in expected and not is_cut:
            assert self.take(states, values, Token("END", "", Span(position, position)))
            (result,) = values
            self.complete = result if isinstance(result, Tree) else None
        if self.at_keyword(position, states[-1], tokens):
            return Mistake(tokens[0], tokens, tokens[-1].span, expected, position)
        return Mistake(tokens[0], tokens, self.found(position), expected, self.next_keyword(position))

    def at_keyword(self, position: int, state: int, tokens: list[Token]) -> bool:
        """Return whether the statement is over at a position: the next one begins there, or the text ends."""
        if position >= len(self.text):
            return True
        if not tokens or _KEYWORD.match(self.text, position) is None:
            return False
        if self.is_first_of_line(position):
            return tokens[-1].terminal != "COMMA"
        return "END" in ACTIONS[state]

    def token(self, position: int, state: int, tokens: list[Token]) -> Token | None:
        """Return the token at a position, or None where nothing stands that could stand there."""
        actions = ACTIONS[state]
        if self.at_keyword(position, state, tokens):
            return Token("END", "", Span(position, position)) if "END" in actions else None
        matcher = _MATCHERS.get(state)
        if matcher is None:
            matcher = _MATCHERS[state] = _matcher(state)
        match = matcher.match(self.text, position)
        if match is None or match.lastgroup is None:
            return None
        if match.lastgroup in {"PATH", "FILE"} and tokens[-1].terminal == "NAME" and tokens[-1].span.end == position:
            return None  # `model.tflite` is a file where a name should be, and not a name and a file
        return Token(match.lastgroup, match[0], Span(position, match.end()))

    def take(self, states: list[int], values: list[Tree | Token | list[Tree | Token]], token: Token) -> bool:
        """Take a token; return whether it can stand there."""
        while True:
            action = ACTIONS[states[-1]].get(token.terminal)
            if action is None:
                return False
            if isinstance(action, int):
                states.append(action)
                values.append(token)
                return True
            rule, size = action
            # A repetition keeps its list, so that a long one takes no more than its length.
            first = values[-size]
            children: list[Tree | Token] = first if isinstance(first, list) and rule.startswith("__") else []
            for value in values[-size:]:
                if isinstance(value, list):
                    if value is not children:
                        children.extend(value)
                else:
                    children.append(value)
            del values[-size:]
            del states[-size:]
            origin, _, name = rule.partition(":")
            values.append(children if rule.startswith("__") else Tree(name or origin, children))
            states.append(GO_TO[states[-1]][origin])
            if states[-1] == FINAL:
                return True
