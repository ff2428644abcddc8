"""Arguments: every stage's, checked against what it takes and turned into values."""

from __future__ import annotations

from collections.abc import Mapping

from runeflash import diagnostic_codes as codes
from runeflash.blocks.arguments import ArgumentError, as_f32, convert, parse_number
from runeflash.blocks.manifest import ArgumentType, ArgumentValue, Block, BlockArgument
from runeflash.diagnostics import Span
from runeflash.expressions import ExpressionError
from runeflash.pipeline.capabilities import CAPABILITIES, Capability, Parameter, ParameterType, PixelFormat
from runeflash.pipeline.context import Context
from runeflash.pipeline.names import Names
from runeflash.pipeline.resources import Resources
from runeflash.records import record
from runeflash.runefile.tree import Argument, InvalidValue, ResourceReference, Stage, StageKind, TextList, Verbatim
from runeflash.runefile.verbatim import ALLOWED, QualifiedName, evaluate

_BOOLEAN = 'expected a number, string, or "$RESOURCE_NAME"'


@record
class StageArguments:
    """The arguments of a stage.

    Attributes:
        values: by name, in the order in which the stage's kind declares them; defaults included for proc blocks.
        spans: where those that the file gives stand.
        resources: the resources that gave a value, in the order of the arguments.
    """

    values: Mapping[str, ArgumentValue]
    spans: Mapping[str, Span]
    resources: tuple[str, ...]


def resolve_arguments(
    names: Names, blocks: Mapping[str, Block], resources: Resources, context: Context
) -> Mapping[str, StageArguments]:
    """Return the arguments of every stage."""
    return {name: _stage(stage, blocks.get(name), resources, context) for name, stage in names.stages.items()}


def _stage(stage: Stage, block: Block | None, resources: Resources, context: Context) -> StageArguments:
    pass_ = _Arguments(stage, resources, context)
    if stage.kind is StageKind.CAPABILITY:
        capability = CAPABILITIES.get(getattr(stage.subject, "text", "").upper())
        return pass_.of_capability(capability)
    if stage.kind is StageKind.PROC_BLOCK:
        assert block is not None
        return pass_.of_block(block)
    known = ("format",) if stage.kind is StageKind.MODEL else ()
    return pass_.of_others(known)


class _Arguments:
    """The pass over one stage."""

    def __init__(self, stage: Stage, resources: Resources, context: Context) -> None:
        self.stage = stage
        self.name = stage.name.text
        self.resources = resources
        self.context = context
        self.values: dict[str, ArgumentValue] = {}
        self.spans: dict[str, Span] = {}
        self.from_resources: dict[str, str] = {}
        self.misspelt: set[str] = set()

    def result(self, order: tuple[str, ...]) -> StageArguments:
        return StageArguments(
            {name: self.values[name] for name in order if name in self.values},
            self.spans,
            tuple(self.from_resources[name] for name in order if name in self.from_resources),
        )

    def error(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.context.error(code, message, span, stage=self.name, hint=hint)

    # --- models and outputs

    def of_others(self, known: tuple[str, ...]) -> StageArguments:
        """Report arguments that have no effect, all in one warning."""
        unused = [argument for argument in self.stage.arguments if argument.name not in known]
        if unused:
            listed = ", ".join(argument.name for argument in unused)
            self.context.warning(
                codes.UNUSED_ARGUMENTS, f"Unused arguments for {self.name}: {listed}", unused[0].name_span
            )
        for argument in self.stage.arguments:
            if isinstance(argument.value, ResourceReference):
                self.resources.look_up(argument.value, self.name)
        return StageArguments({}, {}, ())

    # --- proc blocks

    def of_block(self, block: Block) -> StageArguments:
        for argument in self.stage.arguments:
            declared = block.argument(argument.name)
            if declared is None:
                if isinstance(argument.value, ResourceReference):
                    self.resources.look_up(argument.value, self.name)
                if block.is_known:
                    self.unknown(argument, f"The {block.name} proc block", [a.name for a in block.arguments])
            elif self.is_new(declared.name, argument):
                self.block_value(block, declared, argument)
        for declared in block.arguments:
            if declared.name in self.spans or declared.name in self.misspelt:
                continue
            if declared.default is not None:
                self.values[declared.name] = declared.default
            else:
                self.error(
                    codes.MISSING_ARGUMENT,
                    f'The "{self.name}" stage needs the argument "{declared.name}"',
                    self.stage.span,
                    declared.description or None,
                )
        return self.result(tuple(declared.name for declared in block.arguments))

    def block_value(self, block: Block, declared: BlockArgument, argument: Argument) -> None:
        value = argument.value
        if isinstance(value, InvalidValue):
            self.context.failed.add(self.name)
            return
        if isinstance(value, ResourceReference):
            text = self.resources.look_up_text(value, self.name)
            self.from_resources[declared.name] = value.name
            if text is None:
                return
            shown, given = f"${value.name}", text.strip()
            result: str | int | float | QualifiedName | None = given
        elif isinstance(value, TextList):
            if declared.type is not ArgumentType.LINES:
                self.bad_value(block, declared, "a list", value.span, "a list is only for arguments of several lines")
                return
            shown, result = "a list", value.text
        elif isinstance(value, Verbatim):
            shown, result = f"@{value.text}", self.verbatim(value)
        else:
            shown, result = value.text, value.text
            if value.is_boolean and declared.type is not ArgumentType.BOOL:
                self.bad_value(block, declared, shown, value.span, _BOOLEAN)
                return
        if result is None:
            return
        try:
            if isinstance(result, QualifiedName):
                raise ArgumentError(f"{result.type}::{result.name} is no value of this argument")
            self.values[declared.name] = convert(declared, result)
        except ArgumentError as error:
            self.bad_value(block, declared, shown, value.span, str(error))

    def bad_value(self, block: Block, declared: BlockArgument, shown: str, span: Span, hint: str) -> None:
        message = f'Unable to set {block.name}\'s "{declared.name}" to {_short(shown)}'
        self.error(codes.BAD_ARGUMENT, message, span, hint)

    # --- capabilities

    def of_capability(self, capability: Capability | None) -> StageArguments:
        for argument in self.stage.arguments:
            found = capability.parameter(argument.name) if capability is not None else None
            if found is None:
                if isinstance(argument.value, ResourceReference):
                    self.resources.look_up(argument.value, self.name)
                if capability is not None:
                    known = [parameter.name for parameter in capability.parameters]
                    self.unknown(argument, f"The {capability.kind.name} capability", known)
                continue
            parameter, factor = found
            if not self.is_new(parameter.name, argument):
                continue
            value = self.capability_value(parameter, argument, factor)
            if value is not None:
                self.values[parameter.name] = value
        order = tuple(p.name for p in capability.parameters) if capability is not None else ()
        return self.result(order)

    def capability_value(self, parameter: Parameter, argument: Argument, factor: int) -> int | float | None:
        value = argument.value
        number: int | float | QualifiedName | None
        if isinstance(value, InvalidValue):
            self.context.failed.add(self.name)
            return None
        if isinstance(value, Verbatim):
            shown, number = f"@{value.text}", self.verbatim(value)
            if number is None:
                return None
        else:
            if isinstance(value, ResourceReference):
                text = self.resources.look_up_text(value, self.name)
                if text is None:
                    return None
                shown = text.strip()
            else:
                shown = value.text
            number = parse_number(shown)
        if parameter.type is ParameterType.PIXEL_FORMAT:
            return self.pixel_format(number if number is not None else shown, value.span)
        if number is None or isinstance(number, QualifiedName):
            self.error(codes.BAD_ARGUMENT, f'Unable to parse "{_short(shown)}" as a number', value.span)
            return None
        number *= factor
        if isinstance(number, float):
            number = int(number) if number.is_integer() else as_f32(number)
        wrong = number is None or not parameter.minimum <= number <= parameter.maximum
        if wrong or (isinstance(number, float) and parameter.type is ParameterType.INTEGER):
            self.error(
                codes.BAD_ARGUMENT,
                f'"{argument.name}" cannot be {_short(shown)}',
                value.span,
                f"{parameter.name} is {parameter.type.value} from {parameter.minimum} to {parameter.maximum}: "
                f"{parameter.description}",
            )
            return None
        return number

    def pixel_format(self, value: int | float | QualifiedName | str, span: Span) -> int | None:
        """Return the number of a pixel format, given as a name in any case or as that number."""
        if isinstance(value, QualifiedName):
            name = value.name if value.type.casefold() == "pixelformat" else ""
            shown = f"@{value.type}::{value.name}"
        else:
            shown = str(value)
            name = shown.rpartition("::")[2]
        for pixel_format in PixelFormat:
            if pixel_format.name.casefold() == name.casefold() or value == pixel_format.value:
                return pixel_format.value
        self.error(
            codes.BAD_ARGUMENT,
            f'"{_short(shown)}" is no pixel format',
            span,
            "the pixel formats are " + ", ".join(f"@PixelFormat::{each.name}" for each in PixelFormat),
        )
        return None

    # --- what all have

    def unknown(self, argument: Argument, owner: str, known: list[str]) -> None:
        hint = self.context.suggest(argument.name, known)
        if hint is not None and not self.context.lenient:
            self.misspelt.update(name for name in known if f'"{name}"' in hint)
        if hint is None:
            hint = f"its arguments are {', '.join(known)}" if known else "it has no arguments"
        message = f'{owner} has no argument "{_short(argument.name)}"'
        self.context.tolerate(codes.UNKNOWN_ARGUMENT, message, argument.name_span, stage=self.name, hint=hint)

    def is_new(self, name: str, argument: Argument) -> bool:
        """Note that an argument is given, and report it if it was given before by another name."""
        if name in self.spans:
            message = f'"{argument.name}" sets "{name}" a second time'
            self.error(codes.DUPLICATE_KEY, message, argument.name_span)
            return False
        self.spans[name] = argument.value.span
        return True

    def verbatim(self, value: Verbatim) -> int | float | QualifiedName | None:
        try:
            return evaluate(value.text)
        except ExpressionError as error:
            message = f'Unable to evaluate "@{_short(value.text)}": {error}'
            self.error(codes.BAD_VERBATIM, message, value.span, f"allowed are {ALLOWED}")
            return None


def _short(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 60 and first == text else first[:57] + "..."
