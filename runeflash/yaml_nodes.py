"""YAML text to a tree of nodes with spans, within limits, for texts that nobody has vouched for.

Entry points: :func:`read_nodes` (text to :class:`Node`) and :class:`Walker` (typed access to nodes).

The tree is built from the parser's events rather than by its own composer, because that recurses as deep as the text
is nested. Scalars are resolved by YAML 1.2's core schema, so ``yes`` and ``no`` are texts. An alias gives the very
node that it names; what walks the tree counts its steps, so that aliases of aliases cost no more than
:data:`MAXIMUM_NODES`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runeflash.diagnostics import Span
from runeflash.records import record

if TYPE_CHECKING:
    import yaml

MAXIMUM_BYTES = 1 << 20
MAXIMUM_NODES = 100_000
MAXIMUM_DEPTH = 64
_MERGE_DEPTH = 8

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INFINITIES = {sign + text: float(sign + "inf") for sign in ("", "+", "-") for text in (".inf", ".Inf", ".INF")}
_CORE_TAG = "tag:yaml.org,2002:"


class YamlError(Exception):
    """The text is not YAML, or is beyond a limit.

    Attributes:
        message: what is wrong.
        span: where, or None.
        too_large: whether a limit was passed.
        hint: what to do about it, or None.
    """

    def __init__(
        self, message: str, span: Span | None = None, *, too_large: bool = False, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.too_large = too_large
        self.hint = hint


@record
class Scalar:
    """A scalar as it stands in the text: ``plain`` when it may be something else than a text."""

    text: str
    plain: bool
    span: Span

    @property
    def value(self) -> bool | int | float | str | None:
        """The value by YAML 1.2's core schema. A number too long for a computer's is infinite."""
        if not self.plain:
            return self.text
        if self.text in {"", "~", "null", "Null", "NULL"}:
            return None
        if self.text in {"true", "True", "TRUE"}:
            return True
        if self.text in {"false", "False", "FALSE"}:
            return False
        if _INTEGER.fullmatch(self.text) and len(self.text) <= 100:
            return int(self.text, {"0o": 8, "0x": 16}.get(self.text[:2], 10))
        if _FLOAT.fullmatch(self.text):
            return float(self.text)
        if self.text in {".nan", ".NaN", ".NAN"}:
            return float("nan")
        return _INFINITIES.get(self.text, self.text)

    def __str__(self) -> str:
        """Describe it as serde does: ``integer `2` ``."""
        value = self.value
        if value is None:
            return "null"
        if isinstance(value, bool):
            return f"boolean `{str(value).lower()}`"
        if isinstance(value, int):
            return f"integer `{self.text}`"
        if isinstance(value, float):
            return f"floating point `{self.text}`"
        return f'string "{self.text if len(self.text) <= 60 else self.text[:57] + "..."}"'


@record
class Sequence:
    """A list of nodes."""

    items: list[Node]
    span: Span

    def __str__(self) -> str:
        return "sequence"


@record
class Mapping:
    """Pairs of nodes in the order of the text, duplicates included."""

    entries: list[tuple[Node, Node]]
    span: Span

    def __str__(self) -> str:
        return "map"


Node = Scalar | Sequence | Mapping


class _Open:
    """A collection whose end has not come yet, and the key of a map whose value has not come yet."""

    def __init__(self, node: Sequence | Mapping) -> None:
        self.node = node
        self.key: Node | None = None


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def add(self, node: Node, anchor: str | None) -> None:
        self.count += 1
        if self.count > MAXIMUM_NODES:
            raise YamlError(f"more than {MAXIMUM_NODES:,} nodes", node.span, too_large=True)
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None:
            top.key = node
        else:
            top.node.entries.append((top.key, node))
            top.key = None

    def open(self, node: Sequence | Mapping, anchor: str | None) -> None:
        self.add(node, anchor)
        self.stack.append(_Open(node))
        if len(self.stack) > MAXIMUM_DEPTH:
            raise YamlError(f"nested more than {MAXIMUM_DEPTH} deep", node.span, too_large=True)


def read_nodes(text: str) -> Node | None:
    """Return the one document of a text, or None when there is none.

    Raises:
        YamlError: with the place.
    """
    import yaml  # the other dialect does not need it

    if len(text) > MAXIMUM_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise YamlError(f"the file is larger than {MAXIMUM_BYTES:,} bytes", too_large=True)
    loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader]
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    builder = _Builder()
    documents = 0
    try:
        # By the likeliest kind first: a hostile file has a hundred thousand events.
        for event in yaml.parse(text, Loader=loader):
            assert event.start_mark is not None
            assert event.end_mark is not None
            span = Span(event.start_mark.index, event.end_mark.index)
            if isinstance(event, yaml.ScalarEvent):
                builder.add(Scalar(event.value, _is_plain(event, span), span), event.anchor)
            elif isinstance(event, yaml.MappingStartEvent):
                _check_tag(event.tag, "map", span)
                builder.open(Mapping([], span), event.anchor)
            elif isinstance(event, yaml.SequenceStartEvent):
                _check_tag(event.tag, "seq", span)
                builder.open(Sequence([], span), event.anchor)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                builder.stack.pop()
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in builder.anchors:
                    raise YamlError(f"found undefined alias `{event.anchor}`", span)
                builder.add(builder.anchors[event.anchor], None)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlError("more than one YAML document isn't supported", span)
    except yaml.MarkedYAMLError as error:
        raise YamlError(_describe(error), _place(error, len(text))) from None
    except yaml.YAMLError as error:  # the reader's: a character that YAML does not allow
        span_of_character = _reader_place(error, text, in_bytes=bool(yaml.__with_libyaml__))
        raise YamlError("the text has a character that YAML does not allow", span_of_character) from None
    except ValueError:  # lone surrogates, escapes beyond Unicode
        raise YamlError("the text has a character that is not Unicode") from None
    return builder.root


def _place(error: yaml.MarkedYAMLError, length: int) -> Span | None:
    """Return where an error stands; what is missing at the end of the text is shown where it began."""
    marks = [mark.index for mark in (error.problem_mark, error.context_mark) if mark is not None]
    inside = next((index for index in marks if index < length), None)
    return Span(inside, inside + 1) if inside is not None else None


def _reader_place(error: yaml.YAMLError, text: str, *, in_bytes: bool) -> Span | None:
    """Return where a character that is not allowed stands; the C reader counts in bytes, the other in characters."""
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return None
    if in_bytes:
        position = len(text.encode()[:position].decode(errors="ignore"))
    return Span(position, position + 1) if position < len(text) else None


def _describe(error: object) -> str:
    problem = str(getattr(error, "problem", None) or "malformed YAML")
    context = getattr(error, "context", None)
    return f"{problem}, {context}" if context else problem


def _is_plain(event: object, span: Span) -> bool:
    tag = getattr(event, "tag", None)
    if tag is None:
        return bool(getattr(event, "implicit", (False,))[0])
    if tag in {"!", _CORE_TAG + "str"}:
        return False
    _check_tag(tag, ("int", "float", "bool", "null"), span)
    return True


def _check_tag(tag: str | None, allowed: str | tuple[str, ...], span: Span) -> None:
    if tag is None:
        return
    names = (allowed,) if isinstance(allowed, str) else allowed
    if tag not in {"!", *(_CORE_TAG + name for name in names)}:
        raise YamlError(f"the tag `{tag}` isn't supported", span)


class Walker:
    """Steps through nodes, counting: all steps over one file are at most :data:`MAXIMUM_NODES`."""

    def __init__(self) -> None:
        self._steps = 0

    def items(self, node: Sequence) -> Iterator[Node]:
        """Yield the items of a list."""
        for item in node.items:
            self._step(item)
            yield item

    def entries(self, node: Mapping) -> Iterator[tuple[Node, Node]]:
        """Yield the pairs of a map; ``<<`` pairs are replaced by those of the maps that they name.

        As YAML has it, a merged key gives way to one that the map itself has.
        """
        return self._entries(node, 0)

    def _entries(self, node: Mapping, depth: int) -> Iterator[tuple[Node, Node]]:
        if depth > _MERGE_DEPTH:
            raise YamlError(f"merge keys nested more than {_MERGE_DEPTH} deep", node.span, too_large=True)
        own = {key.text for key, _ in node.entries if isinstance(key, Scalar)}
        seen: set[str] = set()
        for key, value in node.entries:
            self._step(key)
            if not (isinstance(key, Scalar) and key.plain and key.text == "<<"):
                yield key, value
                continue
            sources = value.items if isinstance(value, Sequence) else [value]
            for source in sources:
                if not isinstance(source, Mapping):
                    raise YamlError(f"invalid type: {source}, expected a map to merge", source.span)
                for merged_key, merged_value in self._entries(source, depth + 1):
                    self._step(merged_key)
                    text = merged_key.text if isinstance(merged_key, Scalar) else None
                    if text is None or (text not in own and text not in seen):
                        yield merged_key, merged_value
                    if text is not None:
                        seen.add(text)

    def _step(self, node: Node) -> None:
        self._steps += 1
        if self._steps > MAXIMUM_NODES:
            raise YamlError(
                f"more than {MAXIMUM_NODES:,} nodes once the aliases are followed", node.span, too_large=True
            )
