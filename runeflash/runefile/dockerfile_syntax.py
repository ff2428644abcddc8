"""The Dockerfile-like dialect: statements to the tree of a Runefile.

The reference's texts are kept where the condition is the same. What it dropped in silence, stages that no RUN names,
is a warning here; a name that no RUN should have is an error as there, unless it is the first one: that is the
pipeline's.
"""

from __future__ import annotations

import re
from itertools import pairwise

from runeflash import diagnostic_codes as codes
from runeflash.diagnostics import MAXIMUM_FINDINGS, Diagnostics, SourceFile, Span, did_you_mean
from runeflash.runefile.dockerfile_mistakes import explain
from runeflash.runefile.dockerfile_statements import (
    MAXIMUM_TOKENS,
    Mistake,
    Token,
    TooManyTokensError,
    Tree,
    read_statements,
)
from runeflash.runefile.names import MAXIMUM_NAME_LENGTH, argument_name, is_stage_name
from runeflash.runefile.tree import (
    MAXIMUM_DECLARATIONS,
    MAXIMUM_PORTS,
    Argument,
    ArgumentValue,
    InputReference,
    Runefile,
    Stage,
    StageKind,
    Text,
    TextList,
    TypeExpression,
    Verbatim,
)
from runeflash.runefile.types import ELEMENT_TYPE_NAMES, dimension_problem, element_type
from runeflash.tensors import ElementType, TensorType

_KINDS = {
    "capability": StageKind.CAPABILITY,
    "proc_block": StageKind.PROC_BLOCK,
    "model": StageKind.MODEL,
    "out": StageKind.OUT,
}
_CAPABILITY_NAMES = {"RAND", "ACCEL", "SOUND", "IMAGE", "RAW", "AUDIO"}
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r?\n)|(["\\bfnrt]))')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_MAXIMUM_SUGGESTIONS = 30
# What a statement that could not be read may have declared: in some dialects the name comes last.
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_dockerfile(source: SourceFile, diagnostics: Diagnostics, *, lenient: bool) -> Runefile | None:
    """Parse a Runefile in the Dockerfile-like dialect; see :func:`runeflash.runefile.parse`."""
    reader = _Reader(source.text, diagnostics, lenient)
    try:
        return reader.runefile()
    except TooManyTokensError:
        message = (
            "Unable to parse the input: the file has too many instructions or arguments "
            f"(at most {MAXIMUM_DECLARATIONS:,} instructions and {MAXIMUM_TOKENS:,} words)"
        )
        diagnostics.error(codes.TOO_LARGE, message)
        return None


class _Reader:
    """One reading of one file."""

    def __init__(self, text: str, diagnostics: Diagnostics, lenient: bool) -> None:
        self.text = text
        self.diagnostics = diagnostics
        self.lenient = lenient
        self.stages: dict[str, Stage] = {}
        self.unreadable: set[str] = set()
        self.runs: list[list[Token]] = []
        self.suggestions = 0
        self.start_is_wrong = False
        self.run_is_wrong = False

    # --- the whole

    def runefile(self) -> Runefile:
        image: Text | None = None
        first = True
        for number, statement in enumerate(read_statements(self.text, self.mistake)):
            if number == MAXIMUM_DECLARATIONS:
                raise TooManyTokensError
            if statement.rule == "from":
                path = statement.tokens("PATH")[0]
                if first:
                    image = Text(path.text, path.span)
                else:
                    message = "A FROM instruction can only be at the top of a Runefile"
                    self.diagnostics.error(codes.WRONG_FROM, message, statement.span)
            elif first and not self.start_is_wrong:
                message = "Runefiles should start with a FROM instruction"
                hint = "begin the file with: FROM runicos/base"
                self.diagnostics.error(codes.WRONG_FROM, message, statement.first.span, hint=hint)
            first = False
            if statement.rule == "run":
                self.runs.append(statement.tokens("NAME"))
            elif statement.rule != "from":
                self.declare(statement)
        whole = Span(0, min(len(self.text), 1))
        if first and not self.start_is_wrong:
            message = "A Runefile must contain at least a FROM instruction"
            self.diagnostics.error(codes.WRONG_FROM, message, whole, hint="begin the file with: FROM runicos/base")
        name, stages = self.connect()
        return Runefile(image or Text("runicos/base", whole), name, stages, (), frozenset(self.unreadable))

    def mistake(self, mistake: Mistake) -> None:
        """Report what is no statement, and note the names that it may have declared."""
        if len(self.diagnostics.items) >= MAXIMUM_FINDINGS:
            self.diagnostics.further_errors += 1
            return
        self.diagnostics.add(explain(mistake, self.text))
        if mistake.keyword is None or mistake.keyword.terminal == "FROM":
            self.start_is_wrong = True
        if mistake.keyword is not None and mistake.keyword.terminal == "RUN":
            self.run_is_wrong = True
        if mistake.keyword is None or mistake.keyword.terminal != "FROM":
            start = mistake.keyword.span.end if mistake.keyword is not None else mistake.span.start
            declaration = self.text[start : min(mistake.end, start + 1000)]
            self.unreadable.update(_NAMES.findall(declaration))

    def suggest(self, name: str, known: list[str]) -> str | None:
        self.suggestions += 1
        return did_you_mean(name, known) if self.suggestions <= _MAXIMUM_SUGGESTIONS else None

    # --- stages

    def declare(self, statement: Tree) -> None:
        kind = _KINDS[statement.rule]
        first, *others = statement.tokens("NAME", "PATH", "FILE")
        subject = others[0] if others else first
        # The stage of an OUT is called as its kind, in small letters whatever the case of the kind.
        name = Text(first.text.lower() if kind is StageKind.OUT else first.text, first.span)
        if not is_stage_name(name.text):
            message = f'"{name.text[:60]}..." should be a valid identifier'
            hint = f"a name has at most {MAXIMUM_NAME_LENGTH} characters"
            self.diagnostics.error(codes.BAD_NAME, message, name.span, hint=hint)
            self.unreadable.add(name.text)
            return
        if kind is StageKind.CAPABILITY and first.text in _CAPABILITY_NAMES and subject.text != subject.text.upper():
            self.diagnostics.error(
                codes.OLDER_DIALECT,
                "The name of a stage comes before its kind since February 2021",
                first.span,
                hint=f"write: CAPABILITY<...> {subject.text} {first.text}",
            )
            self.unreadable.update((first.text, subject.text))
            return
        if name.text in self.stages:
            message = f'The "{name.text}" stage is already defined'
            once = "declare it once; several RUN instructions may end in it" if kind is StageKind.OUT else None
            self.diagnostics.error(codes.DUPLICATE_NAME, message, name.span, hint=once)
            return
        types = [self.type(tree) for tree in statement.trees("type")]
        inputs, outputs = tuple(types[:-1]), (None if kind is StageKind.OUT else tuple(types[-1:]))
        arguments: dict[str, Argument] = {}
        for tree in statement.trees("argument"):
            argument = self.argument(tree)
            if argument.name in arguments:
                message = f'The argument "{argument.name}" is given twice'
                self.diagnostics.error(codes.DUPLICATE_KEY, message, argument.name_span)
            arguments.setdefault(argument.name, argument)
        self.stages[name.text] = Stage(
            kind, name, Text(subject.text, subject.span), (), inputs, outputs, tuple(arguments.values())
        )

    def type(self, tree: Tree) -> TypeExpression:
        if tree.first.terminal == "INFERRED":
            return TypeExpression(None, tree.span)
        element = element_type(tree.first.text)
        if element is None:
            hint = self.suggest(tree.first.text.lower(), list(ELEMENT_TYPE_NAMES))
            hint = hint or "the types are " + ", ".join(ELEMENT_TYPE_NAMES)
            message = f'Unknown type "{tree.first.text[:60]}"'
            if self.lenient:
                self.diagnostics.warning(codes.UNKNOWN_ELEMENT_TYPE, message, tree.first.span, hint=hint)
            else:
                self.diagnostics.error(codes.UNKNOWN_ELEMENT_TYPE, message, tree.first.span, hint=hint)
            return TypeExpression(None, tree.span, invalid=not self.lenient)
        listed = [token for dimensions in tree.trees("dimensions") for token in dimensions.tokens("DIMENSION")]
        if not listed:
            return TypeExpression(TensorType(element, () if element is ElementType.UTF8 else (1,)), tree.span)
        dimensions: list[int] = []
        for token in listed:
            # More digits than any size has are as good as too many elements.
            dimensions.append(int(token.text[:20].lstrip("0") or "0") if len(token.text) <= 20 else 1 << 62)
            problem = dimension_problem(dimensions)
            if problem is not None:
                self.diagnostics.error(codes.BAD_DIMENSION, problem, token.span)
                return TypeExpression(None, tree.span, invalid=True)
        return TypeExpression(TensorType(element, tuple(dimensions)), tree.span)

    def argument(self, tree: Tree) -> Argument:
        flag = tree.first
        (value,) = tree.trees("value")
        return Argument(argument_name(flag.text.lstrip("-")), flag.span, self.value(value))

    def value(self, tree: Tree) -> ArgumentValue:
        items = [Text(self.unquoted(token), token.span) for token in tree.tokens("ITEM")]
        if len(items) > 1:
            return TextList(tuple(items), tree.span)
        (item,) = items
        if item.text.startswith("@"):
            return Verbatim(item.text[1:], item.span)
        return item

    def unquoted(self, token: Token) -> str:
        if not token.text.startswith('"'):
            return token.text

        def character(match: re.Match[str]) -> str:
            code = match[1] or match[2]
            if code is None:
                return "" if match[3] else _ESCAPES[match[4]]
            number = int(code, 16)
            if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
                message = f"\\{match[0][1:]} is no Unicode character"
                self.diagnostics.error(codes.BAD_ARGUMENT_VALUE, message, token.span)
                return "\N{REPLACEMENT CHARACTER}"
            return chr(number)

        content = token.text[1:-1]
        wrong = next((each for each in re.finditer(r"\\[\s\S]", content) if each[0][1] not in 'uU\r\n"\\bfnrt'), None)
        if wrong is not None:
            message = f'"{wrong[0]}" is no escape sequence'
            hint = r"the escape sequences are \b \f \n \r \t \" \\ \uXXXX \UXXXXXXXX"
            self.diagnostics.error(codes.BAD_ARGUMENT_VALUE, message, token.span, hint=hint)
        return _ESCAPE.sub(character, content)

    # --- connections

    def connect(self) -> tuple[Text | None, tuple[Stage, ...]]:
        """Return the pipeline's name and the stages with their inputs, as RUN instructions say them."""
        pipeline = None
        fed = {token.text for run in self.runs for token in run[2:]}
        named: set[str] = set()
        inputs: dict[str, list[InputReference]] = {name: [] for name in self.stages}
        everywhere = {self.found(token.text) for run in self.runs for token in run}
        for run in self.runs:
            names = run
            if self.is_pipeline_name(run, fed, everywhere):
                pipeline = pipeline or Text(run[0].text, run[0].span)
                names = run[1:]
            for token in names:
                name = self.found(token.text)
                if name is not None:
                    named.add(name)
                elif token.text not in self.unreadable:
                    self.unknown_name(token, everywhere)
            for producer, consumer in pairwise(names):
                self.edge(producer, consumer, inputs)
        stages = []
        for name, stage in self.stages.items():
            if name in named:
                references = tuple(inputs[name])
                stages.append(
                    Stage(
                        stage.kind,
                        stage.name,
                        stage.subject,
                        references,
                        stage.input_types,
                        stage.outputs,
                        stage.arguments,
                    )
                )
            elif not self.unreadable and not self.run_is_wrong:
                self.diagnostics.warning(
                    codes.UNUSED_STAGE,
                    f'No RUN instruction names "{name}", so it is left out',
                    stage.span,
                    hint="add it to a RUN instruction, where the data pass through it",
                )
        return pipeline, tuple(stages)

    def found(self, name: str) -> str | None:
        """Return the stage that a name in a RUN instruction means, or None."""
        if name in self.stages:
            return name
        # `OUT SERIAL` makes a stage called serial: either spelling means it.
        lower = name.lower()
        return lower if lower in self.stages and self.stages[lower].kind is StageKind.OUT else None

    def is_pipeline_name(self, run: list[Token], fed: set[str], everywhere: set[str | None]) -> bool:
        """Return whether a RUN instruction begins with the pipeline's name, and not with a mistyped stage."""
        first = run[0].text
        if self.found(first) is not None or first in self.unreadable or len(run) == 1:
            return False
        second = self.found(run[1].text)
        if second is None:
            return run[1].text in self.unreadable
        if self.stages[second].kind is not StageKind.CAPABILITY and second not in fed:
            return False  # nothing else feeds the second one: the first should have done so
        idle = [name for name in self.stages if name not in everywhere]
        return not idle or self.suggest(first, idle) is None

    def unknown_name(self, token: Token, everywhere: set[str | None]) -> None:
        idle = [name for name in self.stages if name not in everywhere]
        hint = self.suggest(token.text, idle) or self.suggest(token.text, list(self.stages))
        if hint is None and token.text.lower() in {"serial", "tensor"}:
            hint = f"declare it with: OUT {token.text.lower()}"
        message = f'Unknown name "{token.text[:60]}"'
        hint = hint or "the names in a RUN instruction are those of stages, in the order of the data"
        self.diagnostics.error(codes.UNKNOWN_INPUT, message, token.span, hint=hint)

    def edge(self, producer: Token, consumer: Token, inputs: dict[str, list[InputReference]]) -> None:
        source, target = self.found(producer.text), self.found(consumer.text)
        if target is None:
            return
        if source is not None and self.stages[source].kind is StageKind.OUT:
            message = f'The "{source}" stage doesn\'t have any outputs'
            hint = "an OUT comes last in a RUN instruction; begin another one for another way of the data"
            self.diagnostics.error(codes.INPUT_WITHOUT_OUTPUTS, message, producer.span, hint=hint)
            self.unreadable.add(source)
            return
        if self.stages[target].kind is StageKind.CAPABILITY:
            message = f'The "{target}" stage doesn\'t accept any inputs'
            hint = "a CAPABILITY comes first in a RUN instruction"
            self.diagnostics.error(codes.WRONG_INPUT_COUNT, message, consumer.span, hint=hint)
            return
        if source is None:
            self.unreadable.add(producer.text)  # so that what follows from it is not reported
            source = producer.text
        if len(inputs[target]) == MAXIMUM_PORTS:
            message = f'The "{target}" stage has more than {MAXIMUM_PORTS} inputs'
            self.diagnostics.error(codes.TOO_LARGE, message, consumer.span)
        if len(inputs[target]) <= MAXIMUM_PORTS:
            inputs[target].append(InputReference(source, 0, source, producer.span))
