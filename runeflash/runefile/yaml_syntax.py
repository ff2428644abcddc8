"""The YAML dialect: nodes to the tree of a Runefile.

The reference read its files with serde, whose texts (``missing field `image` ``) its users know; they are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import Diagnostics, SourceFile, Span, did_you_mean
from runeflash.records import record
from runeflash.runefile.names import argument_name, is_resource_name, is_stage_name, parse_input
from runeflash.runefile.tree import (
    MAXIMUM_DECLARATIONS,
    MAXIMUM_PORTS,
    Argument,
    ArgumentValue,
    InputReference,
    InvalidValue,
    ResourceDeclaration,
    ResourceReference,
    Runefile,
    Stage,
    StageKind,
    Text,
    TextList,
    TypeExpression,
    Verbatim,
)
from runeflash.runefile.types import ELEMENT_TYPE_NAMES, dimension_problem, element_type
from runeflash.tensors import TensorType
from runeflash.yaml_nodes import Mapping, Node, Scalar, Sequence, Walker, YamlError, read_nodes

_PREFIX = "Unable to parse the input: "
_TOP_KEYS = ("version", "image", "pipeline", "resources")
_STAGE_KEYS = {
    StageKind.MODEL: ("inputs", "outputs", "args"),
    StageKind.PROC_BLOCK: ("inputs", "outputs", "args"),
    StageKind.CAPABILITY: ("outputs", "args"),
    StageKind.OUT: ("inputs", "args"),
}
_RESOURCE_KEYS = ("type", "path", "inline")
_EXPECTED_VALUE = 'a number, string, or "$RESOURCE_NAME"'
_MAXIMUM_SUGGESTIONS = 30


def parse_yaml(source: SourceFile, diagnostics: Diagnostics, *, strict: bool) -> Runefile | None:
    """Parse a Runefile in YAML; see :func:`runeflash.runefile.parse`."""
    try:
        root = read_nodes(source.text)
        return _Reader(diagnostics, strict).runefile(root, len(source.text))
    except YamlError as error:
        code = codes.TOO_LARGE if error.too_large else codes.MALFORMED_TEXT
        hint = error.hint
        if "cannot start any token" in error.message:
            hint = "a value that starts with @, ` or % needs quotes, and indentation is by spaces, not tabs"
        diagnostics.error(code, _PREFIX + error.message, error.span, hint=hint)
        return None


@record
class _Entry:
    key: Text
    value: Node


class _Reader:
    """One reading of one file: holds what every part reports to."""

    def __init__(self, diagnostics: Diagnostics, strict: bool) -> None:
        self.diagnostics = diagnostics
        self.strict = strict
        self.walker = Walker()
        self.unreadable: set[str] = set()
        self.suggestions = 0

    # --- the whole

    def runefile(self, root: Node | None, length: int) -> Runefile | None:
        whole = Span(0, min(length, 1))
        if root is None or (isinstance(root, Scalar) and root.value is None):
            hint = "the file is empty; `runeflash new` makes one to start from"
            self.error(codes.MISSING_FIELD, "EOF while parsing a value", whole, hint=hint)
            return None
        if not isinstance(root, Mapping):
            self.error(codes.WRONG_FORM, f"invalid type: {root}, expected a map", root.span)
            return None
        entries = self.keys(root, "the Runefile")
        self.unknown_keys(entries.values(), _TOP_KEYS, "a Runefile")
        self.version(entries.get("version"), whole)
        image = None
        if "image" not in entries:
            hint = self.suggest(entries, ["image"]) or "add `image: runicos/base`"
            self.error(codes.MISSING_FIELD, "missing field `image`", whole, hint=hint)
        else:
            image = self.text(entries["image"].value, "image", "a path such as runicos/base")
        pipeline = entries.get("pipeline")
        if pipeline is None:
            hint = self.suggest(entries, ["pipeline"]) or "add `pipeline:` and the stages under it, indented"
            self.error(codes.MISSING_FIELD, "missing field `pipeline`", whole, hint=hint)
            return None
        if not isinstance(pipeline.value, Mapping):
            self.error(
                codes.WRONG_FORM,
                f"pipeline: invalid type: {pipeline.value}, expected a map",
                self.place(pipeline.value, pipeline.key.span),
            )
            return None
        stages = self.stages(pipeline.value)
        resources = self.resources(entries.get("resources"))
        return Runefile(image or Text("runicos/base", whole), None, stages, resources, frozenset(self.unreadable))

    def version(self, entry: _Entry | None, whole: Span) -> None:
        if entry is None:
            if self.strict:
                self.error(codes.MISSING_VERSION, "missing field `version`", whole, hint="add `version: 1`")
            else:
                self.diagnostics.warning(
                    codes.MISSING_VERSION,
                    "missing field `version`, version 1 is assumed",
                    whole,
                    hint="add `version: 1`",
                )
            return
        node = entry.value
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or value not in {1, "1"}:
            kind = "value" if isinstance(value, int) and not isinstance(value, bool) else "type"
            message = f"invalid {kind}: {node}, expected version to be 1"
            hint = "write `version: 1`: there is no other"
            self.error(codes.WRONG_VERSION, message, self.place(node, entry.key.span), hint=hint)

    # --- stages

    def stages(self, node: Mapping) -> tuple[Stage, ...]:
        self.check_count(node, "stages")
        stages = []
        for entry in self.keys(node, "the pipeline", names=True).values():
            name = entry.key
            if not is_stage_name(name.text):
                self.diagnostics.error(
                    codes.BAD_NAME,
                    f'"{_short(name.text)}" should be a valid identifier',
                    name.span,
                    hint="a stage's name is a letter or _, then letters, digits, _ and -, at most 100 in all",
                )
                self.unreadable.add(name.text)
                continue
            stage = self.stage(name, entry.value)
            if stage is None:
                self.unreadable.add(name.text)
            else:
                stages.append(stage)
        return tuple(stages)

    def stage(self, name: Text, node: Node) -> Stage | None:
        where = f"pipeline.{name.text}"
        if not isinstance(node, Mapping):
            self.no_stage(where, self.place(node, name.span))
            return None
        entries = self.keys(node, f'the stage "{name.text}"')
        kind = next((kind for kind in StageKind if kind.value in entries), None)
        if kind is None and "output" in entries:
            entry = entries.pop("output")
            self.diagnostics.warning(
                codes.OUTPUT_SPELLING,
                "the key of an output stage is `out`",
                entry.key.span,
                hint="write `out:`",
            )
            entries["out"] = entry
            kind = StageKind.OUT
        if kind is None:
            hint = self.suggest(entries, [kind.value for kind in StageKind])
            self.no_stage(where, name.span, hint)
            return None
        others = [other.value for other in StageKind if other is not kind and other.value in entries]
        for other in others:
            self.diagnostics.error(
                codes.NO_STAGE_KIND,
                f'The stage "{name.text}" is both `{kind.value}` and `{other}`',
                entries[other].key.span,
            )
        subject_entry = entries.pop(kind.value)
        subject = self.subject(kind, subject_entry, where)
        known = _STAGE_KEYS[kind]
        rest = [entry for entry in entries.values() if entry.key.text not in others]
        self.unknown_keys(rest, known, f"{_article(kind)} stage")
        stage_inputs: tuple[InputReference, ...] = ()
        if "inputs" in entries and "inputs" in known:
            stage_inputs = self.inputs(entries["inputs"], where)
        outputs = None
        if "outputs" in entries and "outputs" in known:
            outputs = self.outputs(entries["outputs"], where)
        arguments: tuple[Argument, ...] = ()
        if "args" in entries:
            arguments = self.arguments(entries["args"], where)
        if subject is None:
            return None
        return Stage(kind, name, subject, stage_inputs, (), outputs, arguments)

    def check_count(self, node: Mapping, what: str) -> None:
        if len(node.entries) > MAXIMUM_DECLARATIONS:
            place = node.entries[MAXIMUM_DECLARATIONS][0].span
            raise YamlError(f"more than {MAXIMUM_DECLARATIONS:,} {what}", place, too_large=True)

    def no_stage(self, where: str, span: Span, hint: str | None = None) -> None:
        self.error(
            codes.NO_STAGE_KIND,
            f"{where}: data did not match any variant of untagged enum Stage",
            span,
            hint=hint or "a stage is a map with one of the keys model, proc-block, capability and out",
        )

    def subject(self, kind: StageKind, entry: _Entry, where: str) -> Text | ResourceReference | None:
        text = self.text(entry.value, f"{where}.{kind.value}", "a string", entry.key.span)
        if text is None:
            return None
        if not text.text:
            self.error(codes.WRONG_FORM, f"{where}.{kind.value}: it is empty", text.span)
            return None
        if kind is StageKind.MODEL and text.text.startswith("$"):
            return self.resource_reference(text)
        return text

    def inputs(self, entry: _Entry, where: str) -> tuple[InputReference, ...]:
        items = self.sequence(entry, f"{where}.inputs")
        if items is None:
            return (self.wrong_input(entry.value.span),)
        references = []
        for item in items:
            text = self.text(item, f"{where}.inputs", "the name of a stage")
            if text is None:
                references.append(self.wrong_input(item.span))
                continue
            reference = parse_input(text.text, text.span)
            if reference is None:
                self.error(
                    codes.BAD_NAME,
                    f'{where}.inputs: Expected something like "fft" or "fft.2", found "{_short(text.text)}"',
                    text.span,
                )
            references.append(reference or self.wrong_input(item.span))
        return tuple(references)

    def wrong_input(self, span: Span) -> InputReference:
        """Return what stands for an input that was wrong: a stage that is known to be unreadable."""
        self.unreadable.add("")
        return InputReference("", 0, "", span)

    def outputs(self, entry: _Entry, where: str) -> tuple[TypeExpression, ...] | None:
        if isinstance(entry.value, Scalar) and entry.value.value in {None, "_"}:
            return None
        items = self.sequence(entry, f"{where}.outputs")
        if items is None:
            return (TypeExpression(None, entry.key.span, invalid=True),)
        return tuple(self.type(item, f"{where}.outputs") for item in items)

    def type(self, node: Node, where: str) -> TypeExpression:
        if isinstance(node, Scalar) and node.text == "_":
            return TypeExpression(None, node.span)
        invalid = TypeExpression(None, self.place(node, node.span), invalid=True)
        if not isinstance(node, Mapping):
            self.error(
                codes.WRONG_FORM,
                f"{where}: invalid type: {node}, expected a map with `type` and `dimensions`",
                node.span,
            )
            return invalid
        entries = self.keys(node, "a type")
        self.unknown_keys(entries.values(), ("type", "dimensions"), "a type")
        if "type" not in entries:
            self.error(codes.MISSING_FIELD, f"{where}: missing field `type`", node.span)
            return invalid
        name = self.text(entries["type"].value, f"{where}.type", "an element type", entries["type"].key.span)
        if name is None:
            return invalid
        dimensions = self.dimensions(entries.get("dimensions"), where)
        if name.text == "_":
            return TypeExpression(None, name.span, invalid=dimensions is None)
        element = element_type(name.text)
        if element is None:
            self.diagnostics.error(
                codes.UNKNOWN_ELEMENT_TYPE,
                f'Unknown element type, "{_short(name.text)}"',
                name.span,
                hint="the element types are " + ", ".join(ELEMENT_TYPE_NAMES),
            )
            return TypeExpression(None, name.span, invalid=True)
        if dimensions is None:
            return TypeExpression(None, name.span, invalid=True)
        return TypeExpression(TensorType(element, dimensions), name.span)

    def dimensions(self, entry: _Entry | None, where: str) -> tuple[int, ...] | None:
        """Return the dimensions, or None after an error."""
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None):
            return ()
        if not isinstance(entry.value, Sequence):
            self.error(
                codes.WRONG_FORM,
                f"{where}.dimensions: invalid type: {entry.value}, expected a sequence",
                entry.value.span,
            )
            return None
        dimensions: list[int] = []
        for item in self.walker.items(entry.value):
            value = item.value if isinstance(item, Scalar) else None
            if not isinstance(value, int) or isinstance(value, bool):
                self.error(
                    codes.WRONG_FORM,
                    f"{where}.dimensions: invalid type: {item}, expected a whole number",
                    self.place(item, entry.key.span),
                )
                return None
            dimensions.append(value)
            problem = dimension_problem(dimensions)
            if problem is not None:
                self.diagnostics.error(codes.BAD_DIMENSION, problem, item.span)
                return None
        return tuple(dimensions)

    # --- arguments

    def arguments(self, entry: _Entry, where: str) -> tuple[Argument, ...]:
        if isinstance(entry.value, Scalar) and entry.value.value is None:
            return ()
        if not isinstance(entry.value, Mapping):
            self.error(
                codes.WRONG_FORM,
                f"{where}.args: invalid type: {entry.value}, expected a map",
                self.place(entry.value, entry.key.span),
            )
            return ()
        arguments: dict[str, Argument] = {}
        for pair in self.keys(entry.value, f"{where}.args").values():
            name = argument_name(pair.key.text)
            if name in arguments:
                self.error(
                    codes.DUPLICATE_KEY,
                    f"{where}.args: duplicate entry with key {_quoted(name)}",
                    pair.key.span,
                )
                continue
            value = self.argument_value(pair, f"{where}.args.{_short(pair.key.text)}")
            arguments[name] = Argument(name, pair.key.span, value or InvalidValue(pair.key.span))
        return tuple(arguments.values())

    def argument_value(self, entry: _Entry, where: str) -> ArgumentValue | None:
        node = entry.value
        if isinstance(node, Sequence):
            items = []
            for item in self.walker.items(node):
                if not isinstance(item, Scalar) or item.value is None:
                    self.error(
                        codes.BAD_ARGUMENT_VALUE,
                        f"{where}: invalid type: {item}, expected a number or string",
                        self.place(item, entry.key.span),
                    )
                    return None
                items.append(Text(item.text.strip(), item.span))
            return TextList(tuple(items), node.span)
        if not isinstance(node, Scalar) or node.value is None:
            self.error(
                codes.BAD_ARGUMENT_VALUE,
                f"{where}: invalid type: {node}, expected {_EXPECTED_VALUE}",
                self.place(node, entry.key.span),
            )
            return None
        text = Text(node.text.strip(), node.span, isinstance(node.value, bool))
        if text.text.startswith("$"):
            return self.resource_reference(text)
        if text.text.startswith("@"):
            return Verbatim(text.text[1:], text.span)
        return text

    def resource_reference(self, text: Text) -> ResourceReference | None:
        name = text.text[1:]
        if not is_resource_name(name):
            self.error(codes.BAD_NAME, f'"{_short(name)}" should be a valid identifier', text.span)
            return None
        return ResourceReference(name, text.span)

    # --- resources

    def resources(self, entry: _Entry | None) -> tuple[ResourceDeclaration, ...]:
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None):
            return ()
        if not isinstance(entry.value, Mapping):
            self.error(
                codes.WRONG_FORM,
                f"resources: invalid type: {entry.value}, expected a map",
                self.place(entry.value, entry.key.span),
            )
            return ()
        self.check_count(entry.value, "resources")
        resources = []
        for pair in self.keys(entry.value, "the resources", names=True).values():
            name = pair.key
            if not is_resource_name(name.text):
                self.diagnostics.error(codes.BAD_NAME, f'"{_short(name.text)}" should be a valid identifier', name.span)
            resource = self.resource(name, pair.value)
            if resource is None or not is_resource_name(name.text):
                self.unreadable.add(name.text)
            else:
                resources.append(resource)
        return tuple(resources)

    def resource(self, name: Text, node: Node) -> ResourceDeclaration | None:
        where = f"resources.{name.text}"
        if isinstance(node, Scalar) and node.value is None:
            return ResourceDeclaration(name, False, None, None)
        if not isinstance(node, Mapping):
            self.error(codes.WRONG_FORM, f"{where}: invalid type: {node}, expected a map", node.span)
            return None
        entries = self.keys(node, f'the resource "{name.text}"')
        correct = True
        for key, entry in entries.items():
            if key not in _RESOURCE_KEYS:
                self.error(
                    codes.UNKNOWN_KEY,
                    f"{where}: unknown field `{_short(key)}`, expected one of `inline`, `path`, `type`",
                    entry.key.span,
                )
                correct = False
        is_binary = False
        if "type" in entries:
            kind = self.text(entries["type"].value, f"{where}.type", "`string` or `binary`")
            if kind is not None and kind.text not in {"string", "binary"}:
                message = f"{where}.type: unknown variant `{_short(kind.text)}`, expected `string` or `binary`"
                self.error(codes.WRONG_FORM, message, kind.span)
                kind = None
            correct = correct and kind is not None
            is_binary = kind is not None and kind.text == "binary"
        path = self.text(entries["path"].value, f"{where}.path", "a string") if "path" in entries else None
        inline = None
        if "inline" in entries:
            # Not stripped: an inline resource is data, its last newline included.
            inline = self.text(entries["inline"].value, f"{where}.inline", "a string", strip=False)
        if "path" in entries and "inline" in entries:
            self.diagnostics.error(
                codes.CONFLICTING_RESOURCE,
                f'The resource "{name.text}" can\'t specify both a "path" and "inline" default value',
                name.span,
                hint="keep one of the two",
            )
            correct = False
        correct = correct and (path is not None or "path" not in entries)
        correct = correct and (inline is not None or "inline" not in entries)
        return ResourceDeclaration(name, is_binary, path, inline) if correct else None

    # --- helpers

    def error(self, code: str, message: str, span: Span | None, *, hint: str | None = None) -> None:
        self.diagnostics.error(code, _PREFIX + message, span, hint=hint)

    def keys(self, node: Mapping, where: str, *, names: bool = False) -> dict[str, _Entry]:
        """Return a map's entries by key; duplicates and keys that are no text are reported and left out.

        Args:
            node: the map.
            where: what it is, for messages.
            names: the keys are names of stages or resources, for which the reference has a text of its own.
        """
        entries: dict[str, _Entry] = {}
        for key, value in self.walker.entries(node):
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                span = self.place(key, node.span)
                self.error(codes.BAD_NAME, f"invalid type: {key}, expected a string as a key of {where}", span)
                continue
            text = Text(key.text, key.span)
            if key.text in entries:
                if names:
                    message = f'The name "{_short(key.text)}" is defined multiple times'
                    self.diagnostics.error(codes.DUPLICATE_NAME, message, key.span)
                else:
                    message = f"duplicate entry with key {_quoted(key.text)} in {where}"
                    self.error(codes.DUPLICATE_KEY, message, key.span)
                continue
            entries[key.text] = _Entry(text, value)
        return entries

    def unknown_keys(self, entries: Iterable[_Entry], known: tuple[str, ...], where: str) -> None:
        for entry in entries:
            if entry.key.text not in known:
                self.diagnostics.warning(
                    codes.UNKNOWN_KEY,
                    f"`{_short(entry.key.text)}` is no key of {where}, so it has no effect",
                    entry.key.span,
                    hint=self.suggest([entry.key.text], known),
                )

    def suggest(self, texts: Iterable[str], known: Iterable[str]) -> str | None:
        """Return a hint for the first of the texts that resembles a known one; only for the first few mistakes."""
        for text in texts:
            self.suggestions += 1
            if self.suggestions > _MAXIMUM_SUGGESTIONS:
                return None
            hint = did_you_mean(text, known)
            if hint is not None:
                return hint
        return None

    def text(
        self, node: Node, where: str, expected: str, span: Span | None = None, *, strip: bool = True
    ) -> Text | None:
        """Return a scalar that is a text; anything else is reported."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.error(
                codes.WRONG_FORM,
                f"{where}: invalid type: {node}, expected {expected}",
                self.place(node, span or node.span),
            )
            return None
        return Text(node.text.strip() if strip else node.text, node.span)

    def sequence(self, entry: _Entry, where: str) -> list[Node] | None:
        """Return the items of a list of inputs or outputs, None after an error; nothing at all is an empty list."""
        node = entry.value
        if isinstance(node, Scalar) and node.value is None:
            return []
        if not isinstance(node, Sequence):
            hint = f"write {entry.key.text}: [{_short(node.text)}]" if isinstance(node, Scalar) else None
            message = f"{where}: invalid type: {node}, expected a sequence"
            self.error(codes.WRONG_FORM, message, node.span, hint=hint)
            return None
        if len(node.items) > MAXIMUM_PORTS:
            self.error(codes.TOO_LARGE, f"{where}: at most {MAXIMUM_PORTS} are possible", entry.key.span)
            return None
        return list(self.walker.items(node))

    def place(self, node: Node, otherwise: Span) -> Span:
        """Return a node's place; that of its key where the node has no extent of its own."""
        return node.span if node.span.end > node.span.start else otherwise


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _quoted(text: str) -> str:
    return f'"{_short(text)}"'


def _article(kind: StageKind) -> str:
    return "an out" if kind is StageKind.OUT else f"a {kind.value}"
