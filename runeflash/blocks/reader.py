"""``block.yaml`` to :class:`~runeflash.blocks.manifest.Block`.

Entry point: :func:`read_block`. All that is wrong with a file is reported in one :class:`UserError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from runeflash.blocks.arguments import ArgumentError, convert
from runeflash.blocks.manifest import (
    ArgumentType,
    ArgumentValue,
    Block,
    BlockArgument,
    BlockInput,
    BlockMemory,
    BlockOutput,
    Check,
    ShapePattern,
    TextBytes,
    Wildcard,
)
from runeflash.diagnostics import SourceFile, Span, did_you_mean
from runeflash.errors import UserError
from runeflash.expressions import ZERO, Expression, ExpressionError, parse
from runeflash.tensors import ElementType
from runeflash.yaml_nodes import MAXIMUM_BYTES, Mapping, Node, Scalar, Sequence, Walker, YamlError, read_nodes

MANIFEST = "block.yaml"

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
# Compiled when first used, as many blocks have neither.
_PLACEHOLDER = r"(?a:\{(\w*)\})"
_SAME_AS = r"(?a:same as (\w+))"
_LONGEST_LINE = r"(?a:longest line of (\w+(?:, \w+)*))"
_NUMERIC = tuple(element for element in ElementType if element.is_numeric)
_GROUPS = {
    "any": tuple(ElementType),
    "numeric": _NUMERIC,
    "integer": tuple(element for element in _NUMERIC if not element.is_float),
    "float": tuple(element for element in _NUMERIC if element.is_float),
}
# Arguments become members of a C struct.
_C_KEYWORDS = frozenset(
    {
        *("auto", "bool", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum"),
        *("extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict"),
        *("return", "short", "signed", "sizeof", "static", "struct", "switch", "true", "typedef", "union"),
        *("unsigned", "void", "volatile", "while"),
        *("and", "or", "not"),  # words of expressions
    }
)
_MAXIMUM_PORTS = 32


def read_block(folder: Path, *, is_built_in: bool, form_of: str | None = None) -> Block:
    """Read the proc block in a folder.

    Args:
        folder: it has ``block.yaml`` and ``NAME.c``, where NAME is the folder's name in snake_case.
        is_built_in: whether it belongs to the program.
        form_of: the name of the block of which this is another form, and which it has too.

    Raises:
        UserError: a file is missing, cannot be read, or is wrong; the message has every finding with its place.
    """
    path = folder / MANIFEST
    name = form_of or folder.resolve().name.replace("-", "_")
    if not (folder / f"{name}.c").is_file():
        raise UserError(f"The proc block {folder} has no {name}.c")
    source = read_source(path)
    reader = _Reader(source)
    try:
        block = reader.block(read_nodes(source.text), name, folder, is_built_in, is_form=form_of is not None)
    except YamlError as error:
        reader.error(error.message, error.span)
        block = None
    reader.finish()
    assert block is not None
    return block


def read_source(path: Path) -> SourceFile:
    """Read a YAML file of a proc block; UserError when it cannot be, or is absurdly large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise UserError(f"Unable to read {path}: {error.strerror or error}") from None
    if len(data) > MAXIMUM_BYTES:
        raise UserError(f"{path} is larger than {MAXIMUM_BYTES:,} bytes")
    try:
        return SourceFile(str(path), data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8") from None


class FieldReader:
    """Typed access to the fields of a proc block's YAML files, collecting what is wrong.

    Methods that read a value return None after an error; ``finish`` raises if there was one.
    """

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.walker = Walker()
        self.errors: list[str] = []

    def error(self, message: str, span: Span | None) -> None:
        """Report a finding."""
        if span is None:
            self.errors.append(f"{self.source.path}: {message}")
        else:
            line, column = self.source.line_column(span.start)
            self.errors.append(f"{self.source.path}:{line}:{column}: {message}")

    def finish(self) -> None:
        """Raise a UserError with all findings, if there are any."""
        if self.errors:
            more = len(self.errors) - 10
            shown = self.errors[:10] + ([f"... and {more} more"] if more > 0 else [])
            raise UserError("; ".join(shown))

    def fields(self, node: Node | None, known: Iterable[str] | None, where: str) -> dict[str, Node]:
        """Return a map's values by key; unknown and repeated keys are errors, ``known`` None allows all."""
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.error(f"{where} is a map, not a {_kind(node)}", node.span)
            return {}
        fields: dict[str, Node] = {}
        for key, value in self.walker.entries(node):
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self.error(f"a key of {where} is a text", key.span)
            elif known is not None and key.text not in known:
                hint = did_you_mean(key.text, known)
                self.error(f'{where} has no key "{key.text}"' + (f": {hint}" if hint else ""), key.span)
            elif key.text in fields:
                self.error(f'"{key.text}" occurs twice in {where}', key.span)
            else:
                fields[key.text] = value
        return fields

    def items(self, node: Node | None, where: str) -> list[Node]:
        """Return the items of a list."""
        if node is None:
            return []
        if not isinstance(node, Sequence):
            self.error(f"{where} is a list, not a {_kind(node)}", node.span)
            return []
        return list(self.walker.items(node))

    def text(self, node: Node | None, where: str, default: str | None = None) -> str | None:
        """Return a text."""
        if node is None:
            return default
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.error(f"{where} is a text, not a {_kind(node)}", node.span)
            return None
        return node.text.strip()

    def boolean(self, node: Node | None, where: str, *, default: bool) -> bool:
        """Return a boolean."""
        if node is None:
            return default
        if not isinstance(node, Scalar) or not isinstance(node.value, bool):
            self.error(f"{where} is true or false", node.span)
            return default
        return node.value

    def integer(self, node: Node | None, where: str) -> int | None:
        """Return a whole number."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if node is not None:
            self.error(f"{where} is a whole number", node.span)
        return None

    def number(self, node: Node | None, where: str) -> int | float | None:
        """Return a number."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if node is not None:
            self.error(f"{where} is a number", node.span)
        return None


class _Reader(FieldReader):
    """One reading of one ``block.yaml``."""

    def block(self, root: Node | None, name: str, folder: Path, is_built_in: bool, *, is_form: bool) -> Block | None:
        if root is None:
            self.error("the file is empty", None)
            return None
        known = ("summary", "description", "inputs", "outputs", "arguments", "checks", "state", "memory", "forms")
        fields = self.fields(root, known[:-1] if is_form else known, "a proc block")
        for required in ("summary", "inputs", "outputs"):
            if required not in fields:
                self.error(f'"{required}" is missing', None)
        if not _IDENTIFIER.fullmatch(name):
            self.error(f'"{name}" is no name of a proc block: lower case letters, digits and _', None)
        arguments = self.arguments(fields.get("arguments"))
        inputs = self.inputs(fields.get("inputs"))
        integers = [a.name for a in arguments if a.type in {ArgumentType.I32, ArgumentType.U32}]
        dimensions = _dimension_names(inputs)
        names = frozenset((*integers, *dimensions))
        for both in dimensions & {argument.name for argument in arguments}:
            self.error(f'"{both}" is both a dimension and an argument', root.span)
        outputs = self.outputs(fields.get("outputs"), inputs, arguments, names)
        tensors = frozenset((*(port.name for port in inputs), *(port.name for port in outputs)))
        numbers = frozenset(a.name for a in arguments if a.type not in {ArgumentType.STRING, ArgumentType.LINES})
        return Block(
            name=name,
            folder=folder,
            is_built_in=is_built_in,
            is_known=True,
            summary=self.text(fields.get("summary"), "summary", "") or "",
            description=self.text(fields.get("description"), "description", "") or "",
            inputs=inputs,
            outputs=outputs,
            arguments=arguments,
            checks=self.checks(fields.get("checks"), names | numbers),
            has_state=self.boolean(fields.get("state"), "state", default=False),
            memory=self.memory(fields.get("memory"), tensors, names),
            forms=self.forms(fields.get("forms"), name, folder, is_built_in),
        )

    def forms(self, node: Node | None, name: str, folder: Path, is_built_in: bool) -> tuple[Block, ...]:
        found = []
        for item in self.items(node, "forms"):
            form = self.text(item, "a form")
            if form is None or not _IDENTIFIER.fullmatch(form):
                self.error("a form is the name of a folder in the block's: lower case letters, digits and _", item.span)
                continue
            try:
                found.append(read_block(folder / form, is_built_in=is_built_in, form_of=name))
            except UserError as error:
                self.error(error.message, item.span)
        return tuple(found)

    # --- arguments

    def arguments(self, node: Node | None) -> tuple[BlockArgument, ...]:
        arguments: list[BlockArgument] = []
        taken: set[str] = set()
        for name, value in self.fields(node, None, "arguments").items():
            argument = self.argument(name, value)
            if argument is None:
                continue
            for each in (name, *argument.aliases):
                if not _IDENTIFIER.fullmatch(each) or each in _C_KEYWORDS:
                    self.error(f'"{each}" is no name of an argument: lower case letters, digits and _', value.span)
                if each in taken:
                    self.error(f'"{each}" names two arguments', value.span)
                taken.add(each)
            arguments.append(argument)
        return tuple(arguments)

    def argument(self, name: str, node: Node) -> BlockArgument | None:
        where = f"the argument {name}"
        keys = ("type", "default", "required", "minimum", "maximum", "aliases", "description")
        fields = self.fields(node, keys, where)
        kind_text = self.text(fields.get("type"), f"{where}'s type")
        kinds = {kind.value: kind for kind in ArgumentType}
        if kind_text not in kinds:
            self.error(f"{where}'s type is one of {', '.join(kinds)}", node.span)
            return None
        kind = kinds[kind_text]
        required = self.boolean(fields.get("required"), f"{where}'s required", default=False)
        if required == ("default" in fields):
            self.error(f"{where} has either a default or `required: true`", node.span)
            return None
        aliases = [self.text(item, f"{where}'s aliases") for item in self.items(fields.get("aliases"), "aliases")]
        argument = BlockArgument(
            name=name,
            type=kind,
            default=None,
            minimum=self.number(fields.get("minimum"), f"{where}'s minimum"),
            maximum=self.number(fields.get("maximum"), f"{where}'s maximum"),
            aliases=tuple(alias for alias in aliases if alias is not None),
            description=self.text(fields.get("description"), f"{where}'s description", "") or "",
        )
        if "default" not in fields:
            return argument
        default = self.argument_value(argument, fields["default"], f"{where}'s default")
        if default is None:
            return None
        return BlockArgument(**{**vars(argument), "default": default})

    def argument_value(self, argument: BlockArgument, node: Node, where: str) -> ArgumentValue | None:
        return argument_value(self, argument, node, where)

    # --- inputs

    def inputs(self, node: Node | None) -> tuple[BlockInput, ...]:
        ports: list[BlockInput] = []
        items = self.items(node, "inputs")
        if len(items) > _MAXIMUM_PORTS:
            self.error(f"a proc block has at most {_MAXIMUM_PORTS} inputs", items[0].span)
            return ()
        for position, item in enumerate(items):
            keys = ("name", "types", "shape", "shape_error", "variadic", "dynamic", "description")
            fields = self.fields(item, keys, "an input")
            name = self.port_name(fields, item, {port.name for port in ports}, "input")
            elements, same_type_as = self.types(
                fields.get("types"), item.span, {port.name: port.elements for port in ports}
            )
            variadic = self.boolean(fields.get("variadic"), "variadic", default=False)
            if variadic and position != len(items) - 1:
                self.error("only the last input can be variadic", item.span)
            shape_error = self.text(fields.get("shape_error"), "shape_error")
            if shape_error is not None:
                self.placeholders(shape_error, frozenset({"shape"}), fields["shape_error"].span)
            ports.append(
                BlockInput(
                    name=name,
                    elements=elements,
                    same_type_as=same_type_as,
                    shape=self.pattern(fields.get("shape"), item.span),
                    shape_error=shape_error,
                    is_variadic=variadic,
                    takes_dynamic=self.boolean(fields.get("dynamic"), "dynamic", default=False),
                    description=self.text(fields.get("description"), "description", "") or "",
                )
            )
        if node is not None and not ports:
            self.error("a proc block has at least one input", node.span)
        return tuple(ports)

    def port_name(self, fields: dict[str, Node], item: Node, taken: set[str], what: str) -> str:
        name = self.text(fields.get("name"), "name")
        if name is None or not _IDENTIFIER.fullmatch(name):
            self.error(f"an {what} needs a name: lower case letters, digits and _", item.span)
            return ""
        if name in taken:
            self.error(f'two {what}s are called "{name}"', item.span)
        return name

    def types(
        self, node: Node | None, span: Span, earlier: dict[str, tuple[ElementType, ...]]
    ) -> tuple[tuple[ElementType, ...], str | None]:
        """Return the element types and the input that ``same as`` names."""
        if node is None:
            self.error('"types" is missing', span)
            return (), None
        if isinstance(node, Scalar):
            text = node.text.strip()
            if text in _GROUPS:
                return _GROUPS[text], None
            same = re.fullmatch(_SAME_AS, text)
            if same is not None and same[1] in earlier:
                return earlier[same[1]], same[1]
            if same is not None:
                self.error(f'"{same[1]}" is no input that comes before', node.span)
                return (), None
        by_name = {element.value: element for element in ElementType}
        found: list[ElementType] = []
        for item in [node] if isinstance(node, Scalar) else self.items(node, "types"):
            text = item.text if isinstance(item, Scalar) else ""
            if text not in by_name:
                self.error(
                    f"an element type is one of {', '.join(by_name)}; the groups are {', '.join(_GROUPS)}; "
                    "and there is `same as INPUT`",
                    item.span,
                )
            else:
                found.append(by_name[text])
        return tuple(found), None

    def pattern(self, node: Node | None, span: Span) -> ShapePattern:
        if node is None:
            self.error('"shape" is missing', span)
            return ShapePattern(None)
        if isinstance(node, Scalar) and node.text == "any":
            return ShapePattern(None)
        items: list[int | str | Wildcard] = []
        wildcards = {wildcard.value: wildcard for wildcard in Wildcard}
        nodes = self.items(node, "shape")
        for position, item in enumerate(nodes):
            value = item.value if isinstance(item, Scalar) else None
            if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
                items.append(value)
            elif isinstance(value, str) and value in wildcards:
                items.append(wildcards[value])
                if value == "1*" and position not in {0, len(nodes) - 1}:
                    self.error("1* stands first or last in a shape", item.span)
            elif isinstance(value, str) and _IDENTIFIER.fullmatch(value):
                items.append(value)
            else:
                self.error("a part of a shape is a number, a name, 1*, _ or ...", item.span)
        if items.count(Wildcard.REST) > 1 or (Wildcard.REST in items and Wildcard.ONES in items):
            self.error("a shape has at most one ..., and not together with 1*", node.span)
        return ShapePattern(tuple(items))

    # --- outputs

    def outputs(
        self,
        node: Node | None,
        inputs: tuple[BlockInput, ...],
        arguments: tuple[BlockArgument, ...],
        names: frozenset[str],
    ) -> tuple[BlockOutput, ...]:
        ports: list[BlockOutput] = []
        items = self.items(node, "outputs")
        if len(items) > _MAXIMUM_PORTS:
            self.error(f"a proc block has at most {_MAXIMUM_PORTS} outputs", items[0].span)
            return ()
        input_names = {port.name for port in inputs}
        texts = {ArgumentType.LINES, ArgumentType.STRING}
        lines = {argument.name for argument in arguments if argument.type in texts}
        for position, item in enumerate(items):
            keys = ("name", "types", "shape", "dynamic", "text_bytes", "variadic", "description")
            fields = self.fields(item, keys, "an output")
            elements, same_type_as = self.types(
                fields.get("types"), item.span, {port.name: port.elements for port in inputs}
            )
            dimensions, same_shape_as = self.output_shape(fields.get("shape"), item.span, input_names, names)
            variadic = self.boolean(fields.get("variadic"), "variadic", default=False)
            if variadic and (position != len(items) - 1 or not inputs or not inputs[-1].is_variadic):
                self.error("only the last output of a block with a variadic input can be variadic", item.span)
            dynamic = self.integer(fields.get("dynamic"), "dynamic")
            if dynamic is not None and not 0 <= dynamic < len(dimensions or ()):
                self.error("dynamic is the number of one of the dimensions in shape, from 0", item.span)
            may_be_text = ElementType.UTF8 in elements
            if may_be_text and "text_bytes" not in fields:
                self.error("an output that may be utf8 needs text_bytes", item.span)
            ports.append(
                BlockOutput(
                    name=self.port_name(fields, item, {port.name for port in ports}, "output"),
                    elements=elements,
                    same_type_as=same_type_as,
                    dimensions=dimensions,
                    same_shape_as=same_shape_as,
                    dynamic=dynamic,
                    text_bytes=self.text_bytes(fields.get("text_bytes"), input_names, lines, names),
                    is_variadic=variadic,
                    description=self.text(fields.get("description"), "description", "") or "",
                )
            )
        if node is not None and not ports:
            self.error("a proc block has at least one output", node.span)
        return tuple(ports)

    def output_shape(
        self, node: Node | None, span: Span, input_names: set[str], names: frozenset[str]
    ) -> tuple[tuple[Expression, ...] | None, str | None]:
        if node is None:
            self.error('"shape" is missing', span)
            return (), None
        if isinstance(node, Scalar):
            same = re.fullmatch(_SAME_AS, node.text.strip())
            if same is None or same[1] not in input_names:
                self.error("an output's shape is a list, or `same as INPUT`", node.span)
                return (), None
            return None, same[1]
        found = [self.expression(item, names) for item in self.items(node, "shape")]
        return tuple(expression for expression in found if expression is not None), None

    def expression(self, node: Node, names: frozenset[str], *, logic: bool = False) -> Expression | None:
        if not isinstance(node, Scalar):
            self.error(f"an expression is a text, not a {_kind(node)}", node.span)
            return None
        try:
            return parse(node.text, names=names, logic=logic)
        except ExpressionError as error:
            self.error(f'"{node.text}": {error}', node.span)
            return None

    def text_bytes(
        self, node: Node | None, input_names: set[str], lines: set[str], names: frozenset[str]
    ) -> TextBytes | None:
        if node is None:
            return None
        text = node.text.strip() if isinstance(node, Scalar) else ""
        same = re.fullmatch(_SAME_AS, text)
        if same is not None and same[1] in input_names:
            return TextBytes(None, None, same[1])
        longest = re.fullmatch(_LONGEST_LINE, text)
        if longest is not None and lines.issuperset(longest[1].split(", ")):
            return TextBytes(None, tuple(longest[1].split(", ")), None)
        if same is not None or longest is not None:
            self.error(f'"{text}" names no input, or no argument of type lines', node.span)
            return None
        expression = self.expression(node, names)
        return TextBytes(expression, None, None) if expression is not None else None

    # --- memory

    def memory(self, node: Node | None, tensors: frozenset[str], names: frozenset[str]) -> BlockMemory | None:
        if node is None:
            return None
        sizes = frozenset(f"{name}_bytes" for name in tensors)
        for both in sizes & names:
            self.error(f'"{both}" is the size of a tensor, and also a dimension or an argument', node.span)
        fields = self.fields(node, ("state", "working", "tables"), "memory")
        found = {use: self.expression(item, names | sizes, logic=True) or ZERO for use, item in fields.items()}
        return BlockMemory(*(found.get(use, ZERO) for use in ("state", "working", "tables")))

    # --- checks

    def checks(self, node: Node | None, names: frozenset[str]) -> tuple[Check, ...]:
        checks = []
        for item in self.items(node, "checks"):
            fields = self.fields(item, ("require", "message"), "a check")
            message = self.text(fields.get("message"), "message")
            if message is None or "require" not in fields:
                self.error("a check has `require` and `message`", item.span)
                continue
            self.placeholders(message, names, item.span)
            condition = self.expression(fields["require"], names, logic=True)
            if condition is not None:
                checks.append(Check(condition, message))
        return tuple(checks)

    def placeholders(self, message: str, names: frozenset[str], span: Span) -> None:
        for name in re.findall(_PLACEHOLDER, message):
            if name not in names:
                self.error(f"{{{name}}} stands for nothing in this message", span)


def argument_value(reader: FieldReader, argument: BlockArgument, node: Node, where: str) -> ArgumentValue | None:
    """Return the value that a node gives an argument, as a Runefile would; None after an error."""
    value: bool | int | float | str | None
    if isinstance(node, Sequence):
        scalars = [item.text for item in reader.walker.items(node) if isinstance(item, Scalar)]
        value = "\n".join(scalars)
        if len(scalars) != len(node.items) or argument.type is not ArgumentType.LINES:
            value = None
    else:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(node, Scalar) and argument.type in {ArgumentType.STRING, ArgumentType.LINES}:
            value = node.text
    if value is None:
        reader.error(f"{where} is not of type {argument.type.value}", node.span)
        return None
    try:
        return convert(argument, value)
    except ArgumentError as error:
        reader.error(f"{where}: {error}", node.span)
        return None


def substitute(message: str, values: dict[str, object]) -> str:
    """Return a message with its ``{NAME}`` placeholders replaced."""
    return re.sub(_PLACEHOLDER, lambda match: str(values.get(match[1], match[0])), message)


def _dimension_names(inputs: tuple[BlockInput, ...]) -> frozenset[str]:
    return frozenset(item for port in inputs for item in port.shape.items or () if isinstance(item, str))


def _kind(node: Node) -> str:
    return "map" if isinstance(node, Mapping) else "list" if isinstance(node, Sequence) else f"value {node}"
