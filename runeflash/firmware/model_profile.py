"""What each layer of a model costs on a Cortex-M4F: the model alone, without a rune around it."""

from __future__ import annotations

import io
import os
import shlex
import struct
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from runeflash.errors import InternalError
from runeflash.firmware import flags
from runeflash.model import CompiledLayer, CompiledModel, compile_model
from runeflash.profile import Kind, Profile, Row
from runeflash.resources import folder
from runeflash.tensors import TensorType
from runeflash.toolchain import cache
from runeflash.toolchain.process import run_tool

_SYMBOL = "model"


class Event(Protocol):
    """A place in the program that was passed, and what had been executed before it."""

    @property
    def instructions(self) -> int:
        """How many instructions."""

    @property
    def counts(self) -> Mapping[int, int]:
        """How often each, by its address."""


class Passed(Event, Protocol):
    """The execution of an instruction at an address."""

    @property
    def address(self) -> int:
        """Of the instruction."""


@dataclass(frozen=True)
class ModelAddresses:
    """Where a model's functions begin.

    Attributes:
        infer: the function that runs the layers.
        layers: in the order in which they run.
    """

    infer: int
    layers: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Each address once."""
        return tuple(dict.fromkeys((self.infer, *self.layers)))


def profile_model(
    data: bytes, *, name: str, toolchain: str, cpu: str, fpu: str, disabled: Collection[str] = ()
) -> Profile:
    """Return what the layers of a .tflite file cost in one inference of noise, on a bare core.

    Args:
        data: the file.
        name: how messages call it.
        toolchain: ``auto``, ``gcc`` or ``zig``.
        cpu, fpu: as gcc names them.
        disabled: passes of the model compiler that do not run.

    Raises:
        UserError: the model cannot be compiled.
        ToolError: a compiler failed, or is missing.
    """
    from runeflash.virtual.cycles import estimate_cycles
    from runeflash.virtual.measure import run_program  # unicorn is slow to import

    model = compile_model(data, name=name, symbol=_SYMBOL, disabled=disabled)
    tools = flags.firmware_tools(toolchain, cpu, fpu)
    elf, code_bytes = build_program(model, tools)
    addresses = model_addresses(elf, model)
    result = run_program(
        elf,
        {f"input_{i}": noise(kind, i) for i, kind in enumerate(model.inputs)},
        {},
        profile=True,
        watch=addresses.all,
    )
    memory = elf_reader(elf)
    rows = layer_rows(model, addresses, result.passages, lambda counts: estimate_cycles(counts, memory))
    return Profile(f"{name} on {cpu}", f"{tools.name} {tools.version}", tuple(rows), code_bytes - model.weight_bytes)


def layer_rows(
    model: CompiledModel,
    addresses: ModelAddresses,
    passages: Sequence[Passed],
    cycles: Callable[[Mapping[int, int]], int],
) -> list[Row]:
    """Return a row for each layer of an inference, and one for what is left of it.

    Args:
        model: the model.
        addresses: of its functions.
        passages: of those functions and of where they return to, the first one into ``infer``.
        cycles: estimates those of instructions that were executed so often.
    """
    rows: list[Row] = []
    begin, end = passages[0], passages[-1]
    inside: dict[int, int] = {}
    instructions = 0
    position = 1
    for layer, address in zip(model.layers, addresses.layers, strict=True):
        if position + 1 >= len(passages) or passages[position].address != address:
            raise InternalError(f"layer {layer.index} of {model.name} was not seen in the profile")
        counts = difference(passages[position], passages[position + 1])
        spent = passages[position + 1].instructions - passages[position].instructions
        rows.append(_layer_row(model, layer, spent, cycles(counts)))
        for place, count in counts.items():
            inside[place] = inside.get(place, 0) + count
        instructions += spent
        # A layer returns to where the next one may begin: that is one passage.
        position += 2
    whole = difference(begin, end)
    rest = {place: count - inside.get(place, 0) for place, count in whole.items() if count > inside.get(place, 0)}
    left = end.instructions - begin.instructions - instructions
    rows.append(Row(Kind.OTHER, "between the layers", left, cycles(rest), model=model.name))
    return rows


def difference(before: Event, after: Event) -> dict[int, int]:
    """Return how often each instruction was executed between two events."""
    return {
        address: count - before.counts.get(address, 0)
        for address, count in after.counts.items()
        if count > before.counts.get(address, 0)
    }


def _layer_row(model: CompiledModel, layer: CompiledLayer, instructions: int, cycles: int) -> Row:
    return Row(
        Kind.LAYER,
        layer.name,
        instructions,
        cycles,
        model=model.name,
        index=layer.index,
        operator=layer.operator,
        inputs=tuple(map(str, layer.inputs)),
        outputs=tuple(map(str, layer.outputs)),
        given_macs=layer.given_macs,
        macs=layer.macs,
        weight_bytes=layer.weight_bytes,
        arena_bytes=layer.arena_bytes,
    )


def model_addresses(elf: Path, model: CompiledModel) -> ModelAddresses:
    """Return where a model's functions begin in a linked program."""
    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        if not isinstance(symbols, SymbolTableSection):
            raise InternalError("the program to profile has no symbols")
        # A compiler that specialises a function for its only caller adds to its name.
        found = {
            symbol.name.partition(".")[0]: symbol["st_value"] & ~1
            for symbol in symbols.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        }
    try:
        return ModelAddresses(found[f"{model.symbol}_infer"], tuple(found[layer.function] for layer in model.layers))
    except KeyError as error:
        raise InternalError(f"the program to profile has no function {error}") from None


def elf_reader(elf: Path) -> Callable[[int, int], bytes]:
    """Return a function that gives the bytes of a program's flash at an address."""
    with elf.open("rb") as file:
        segments = [(segment["p_vaddr"], segment.data()) for segment in ELFFile(file).iter_segments("PT_LOAD")]

    def read(address: int, size: int) -> bytes:
        for start, content in segments:
            if start <= address < start + len(content):
                return bytes(content[address - start : address - start + size])
        return bytes(size)

    return read


def noise(kind: TensorType, seed: int) -> bytes:
    """Return elements for an input: any bytes, or floats between -1 and 1; the same each time."""
    state, out = seed + 1, bytearray()
    while len(out) < kind.size:
        state = (state * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
        word = state >> 32
        out += struct.pack("<f", (word - (1 << 31)) / (1 << 31)) if kind.element.is_float else struct.pack("<I", word)
    return bytes(out[: kind.size])


def build_program(model: CompiledModel, tools: flags.FirmwareTools) -> tuple[Path, int]:
    """Return the ELF file of a program that makes one inference, and how many bytes of flash the model's C takes."""
    measure = folder("targets") / "measure"
    includes = [f"-I{path}" for path in flags.include_folders()] + flags.libc_includes()
    command = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, *includes]
    environment = {**os.environ, **flags.tool_environment()}
    driver = _driver(model)
    targets = folder("targets")
    sources = cache.key(
        tools.name,
        tools.version,
        *command,
        cache.tree_key(targets / "common", "**/*.[ch]"),
        cache.tree_key(measure),
    )

    def compile_file(source: Path, output: Path, extra: Sequence[str]) -> None:
        run_tool(
            [*command, *extra, "-c", source, "-o", output], what=f"compiling {source.name}", environment=environment
        )

    def make_support(work: Path) -> None:
        groups = {name: (found, extra) for name, found, extra in flags.source_groups("aot")}
        for name in ("math", "libc"):
            for source in groups[name][0]:
                compile_file(source, work / f"{source.stem}.o", groups[name][1])
        compile_file(measure / "measure_start.c", work / "start.o", flags.OWN)

    def make(work: Path) -> None:
        support = sorted(cache.entry("model-profiles", cache.key("support", sources), make_support).glob("*.o"))
        for name, text in (("model", model.source), ("main", driver)):
            (work / f"{name}.c").write_text(text)
            compile_file(work / f"{name}.c", work / f"{name}.o", flags.PROJECT)
        objects = [work / "model.o", work / "main.o", *support]
        script = f"-Wl,-T,{measure / 'measure.ld'}"
        library = f"-l{tools.support_library}"
        run_tool(
            [*command, *tools.link, "-Wl,--gc-sections", script, *objects, library, "-o", work / "program.elf"],
            what="linking the model",
            environment=environment,
        )
        (work / "code").write_text(str(_flash_bytes(work / "model.o")))

    place = cache.entry("model-profiles", cache.key(model.source, driver, sources), make)
    return place / "program.elf", int((place / "code").read_text())


def _flash_bytes(path: Path) -> int:
    """Return the bytes of an object file that go to flash."""
    file = ELFFile(io.BytesIO(path.read_bytes()))
    kept = (
        section for section in file.iter_sections() if section["sh_flags"] & 2 and section["sh_type"] != "SHT_NOBITS"
    )
    return sum(section["sh_size"] for section in kept if not section.name.startswith(".ARM"))


def _driver(model: CompiledModel) -> str:
    lines = ['#include "rune_model.h"', "", f"extern const rune_model {model.symbol};", ""]
    for role, kinds in (("input", model.inputs), ("output", model.outputs)):
        lines += [f"_Alignas(16) uint8_t {role}_{i}[{kind.size}];" for i, kind in enumerate(kinds)]
    lines += [f"_Alignas(16) uint8_t arena[{max(model.arena_bytes, 1)}];", "", "int main(void);", "int main(void)", "{"]
    for role, const, kinds in (("input", "const ", model.inputs), ("output", "", model.outputs)):
        names = ", ".join(f"{role}_{i}" for i in range(len(kinds))) or "0"
        lines.append(f"    {const}void *const {role}s[] = {{{names}}};")
    lines += [
        f"    if ({model.symbol}.reset != 0) {{",
        f"        {model.symbol}.reset();",
        "    }",
        f"    {model.symbol}.infer(inputs, outputs, arena);",
        "    return 0;",
        "}",
        "",
    ]
    return "\n".join(lines)
