"""Small arithmetic expressions, read and evaluated safely.

Two places use them: verbatim values of a Runefile (``@244*244*3``) and the conditions and dimensions of a
``block.yaml`` (``count <= n``). Entry point: :func:`parse`, whose result evaluates any number of times.

Grammar, loosest binding first (the precedence of ``<<`` against ``+`` is Rust's, as verbatim values are Rust
in the reference)::

    or   and   not   == != < <= > >=   << >>   + -   * / %   - (sign)   number  name  power_of_two( )  ( )

Integers are 64-bit: a result outside is an error. ``/`` of integers truncates towards zero and ``%`` has the sign
of the dividend, as in Rust and C; a mixture of integer and float is float.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from runeflash.records import record

ALLOWED = "integers, floats, + - * / % << >> ( )"
MAXIMUM_LENGTH = 500
MAXIMUM_DEPTH = 20

Value = int | float

# Compiled when first used, as most Runefiles have no expression.
_TOKEN = (
    r"(?a:\s*(?:(?P<number>0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator><<|>>|<=|>=|==|!=|[-+*/%()<>])))"
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("==", "!=", "<", "<=", ">", ">="),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_FIRST_ARITHMETIC_LEVEL = 3
_POWER_OF_TWO = "power_of_two"


class ExpressionError(ValueError):
    """A text is no expression, or its value cannot be computed; the message says why."""


@record
class Expression:
    """A parsed expression.

    Attributes:
        text: as written.
        names: the names it needs values for.
    """

    text: str
    names: frozenset[str]
    _node: _Node

    def evaluate(self, values: Mapping[str, Value] | None = None) -> Value:
        """Return the value; a comparison's is True or False.

        Raises:
            ExpressionError: overflow, division by zero, a shift of or by something impossible.
        """
        return _evaluate(self._node, values or {})


class _Number(NamedTuple):
    value: Value


class _Name(NamedTuple):
    name: str


class _Unary(NamedTuple):
    operator: str
    operand: _Node


class _Binary(NamedTuple):
    operator: str
    left: _Node
    right: _Node


_Node = _Number | _Name | _Unary | _Binary


def parse(text: str, *, names: frozenset[str] = frozenset(), logic: bool = False) -> Expression:
    """Parse an expression.

    Args:
        text: at most 500 characters.
        names: the names that may occur.
        logic: whether comparisons, ``and``, ``or``, ``not`` and ``power_of_two`` may occur.

    Raises:
        ExpressionError: the text is no such expression.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(f"an expression has at most {MAXIMUM_LENGTH} characters")
    parser = _Parser(_tokens(text), names, logic)
    node = parser.level(0 if logic else _FIRST_ARITHMETIC_LEVEL, 0)
    if parser.position < len(parser.tokens):
        raise ExpressionError(f'unexpected "{parser.tokens[parser.position][1]}"')
    return Expression(text, frozenset(parser.found), node)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    pattern = re.compile(_TOKEN)
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = pattern.match(text, position)
        if match is None:
            raise ExpressionError(f'unexpected "{text[position:].lstrip()[0]}"')
        kind = match.lastgroup or ""
        tokens.append((kind, match.group(kind)))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], names: frozenset[str], logic: bool) -> None:
        self.tokens = tokens
        self.names = names
        self.logic = logic
        self.position = 0
        self.found: set[str] = set()

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def level(self, level: int, depth: int) -> _Node:
        if depth > MAXIMUM_DEPTH:
            raise ExpressionError(f"an expression is nested at most {MAXIMUM_DEPTH} deep")
        if level == len(_LEVELS):
            return self.unary(depth)
        left = self.level(level + 1, depth)
        # A chain on one level makes a left-leaning tree, which is evaluated recursively: it has a bound too.
        length = 0
        while self.peek() in _LEVELS[level]:
            length += 1
            if length > MAXIMUM_DEPTH:
                raise ExpressionError(f"a chain of operators has at most {MAXIMUM_DEPTH} of them")
            symbol = self.peek()
            self.position += 1
            left = _Binary(symbol, left, self.level(level + 1, depth))
        return left

    def unary(self, depth: int) -> _Node:
        if depth > MAXIMUM_DEPTH:
            raise ExpressionError(f"an expression is nested at most {MAXIMUM_DEPTH} deep")
        token = self.peek()
        if token == "-" or (token == "not" and self.logic):
            self.position += 1
            return _Unary(token, self.unary(depth + 1))
        return self.primary(depth)

    def primary(self, depth: int) -> _Node:
        if self.position == len(self.tokens):
            raise ExpressionError("something is missing at the end")
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            return _Number(_number(text))
        if kind == "name" and text in self.names:
            self.found.add(text)
            return _Name(text)
        if kind == "name" and text == _POWER_OF_TWO and self.logic and self.peek() == "(":
            return _Unary(text, self.primary(depth + 1))
        if kind == "name":
            raise ExpressionError(f'unknown name "{text}"')
        if text == "(":
            inner = self.level(0 if self.logic else _FIRST_ARITHMETIC_LEVEL, depth + 1)
            if self.peek() != ")":
                raise ExpressionError('a ")" is missing')
            self.position += 1
            return inner
        raise ExpressionError(f'unexpected "{text}"')


def _number(text: str) -> Value:
    digits = text.replace("_", "")
    if len(digits) > 100:
        raise ExpressionError("a number has at most 100 digits")
    try:
        if digits[:2] in {"0x", "0X"}:
            return _integer(int(digits, 16))
        return _integer(int(digits)) if digits.isdigit() else _float(float(digits))
    except ValueError as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(f'"{text}" is no number') from None


def _integer(value: int) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise ExpressionError("overflow: an integer does not fit in 64 bits")
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise ExpressionError("overflow: a float is not finite")
    return value


def _evaluate(node: _Node, values: Mapping[str, Value]) -> Value:
    if isinstance(node, _Number):
        return node.value
    if isinstance(node, _Name):
        return values[node.name]
    if isinstance(node, _Unary):
        operand = _evaluate(node.operand, values)
        if node.operator == "not":
            return not operand
        if node.operator == _POWER_OF_TWO:
            return _power_of_two(operand)
        return -operand if isinstance(operand, float) else _integer(-operand)
    left = _evaluate(node.left, values)
    if node.operator == "and":
        return bool(left) and bool(_evaluate(node.right, values))
    if node.operator == "or":
        return bool(left) or bool(_evaluate(node.right, values))
    right = _evaluate(node.right, values)
    if node.operator in _COMPARISONS:
        return _COMPARISONS[node.operator](left, right)
    if node.operator in {"<<", ">>"}:
        return _shift(node.operator, left, right)
    if node.operator in {"/", "%"} and right == 0:
        raise ExpressionError("division by zero")
    if isinstance(left, float) or isinstance(right, float):
        try:
            return _float(_FLOAT_OPERATIONS[node.operator](float(left), float(right)))
        except OverflowError:
            raise ExpressionError("overflow: a float is not finite") from None
    return _integer(_INTEGER_OPERATIONS[node.operator](left, right))


def _power_of_two(value: Value) -> int:
    """Return the smallest power of two that is not below an integer."""
    if isinstance(value, float) or value < 1:
        raise ExpressionError("power_of_two takes an integer above 0")
    return _integer(1 << (value - 1).bit_length())


def _shift(symbol: str, left: Value, right: Value) -> int:
    if isinstance(left, float) or isinstance(right, float):
        raise ExpressionError("only integers can be shifted")
    if not 0 <= right < 64:
        raise ExpressionError("overflow: a shift is by 0 to 63 bits")
    return _integer(left << right) if symbol == "<<" else left >> right


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_INTEGER_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": lambda left, right: left - right * _divide(left, right),
}
_FLOAT_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


#: The expression 0.
ZERO = parse("0")
