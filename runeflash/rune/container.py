"""The .rune file: a module with custom sections (docs/rune-format.md)."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

from runeflash.errors import UserError
from runeflash.rune.wasm import CUSTOM, MEMORY, Global, Module, Section, WasmError, custom_section, read_module

MAGIC = b"RF\x02\0"

#: The number of the stage's global in a rune that keeps none.
_NO_GLOBAL = 0xFFFFFFFF
#: What that global is declared as.
_STAGE_GLOBAL = Global(0x7F, mutable=True, bits=0)

VERSION, GRAPH, RESOURCE, MODEL, BLOCKS, RUNEFLASH = (
    ".rune_version",
    ".rune_graph",
    ".rune_resource",
    ".rune_model",
    ".runeflash_blocks",
    ".runeflash",
)


@dataclass(frozen=True)
class MemoryLayout:
    """Bytes of linear memory, in all and by use."""

    total: int
    stack: int
    data: int
    arena: int


@dataclass(frozen=True)
class StageMemory:
    """Bytes of linear memory that a stage's block takes besides tensors and the stack.

    Attributes:
        stage: the stage's name.
        block: the block's name.
        variables: static variables: state and working memory.
        tables: constants.
        texts: string literals, the arguments and their texts.
    """

    stage: str
    block: str
    variables: int
    tables: int
    texts: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.variables + self.tables + self.texts

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True)
class RuneModel:
    """A model of a rune: its name there, and the .tflite file."""

    name: str
    data: bytes

    @property
    def sha256(self) -> bytes:
        """The hash by which the firmware's compiled model is bound to the rune."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True)
class Rune:
    """A rune and what its custom sections say.

    Attributes:
        data: the whole file.
        graph: the pipeline as ``.rune_graph`` has it.
        memory: the exact linear memory.
        blocks: what the proc block of each stage takes of it, in the order of the stages.
        models: in the order in which ``_manifest`` loads them.
        resources: name and data, in order.
        version: of runeflash, when it was built.
        stage_global: index of the wasm global that has the number of the current stage, from 1, or None.
    """

    data: bytes
    graph: dict[str, Any]
    memory: MemoryLayout
    blocks: tuple[StageMemory, ...]
    models: tuple[RuneModel, ...]
    resources: tuple[tuple[str, bytes], ...]
    version: str
    stage_global: int | None = None

    @property
    def name(self) -> str:
        """The rune's name."""
        name = self.graph.get("rune", {}).get("name")
        return name if isinstance(name, str) else "rune"

    @property
    def capability_kinds(self) -> tuple[str, ...]:
        """The kinds of the capabilities that it asks for (``ACCEL``), in order, without repetition."""
        kinds = (_KINDS.get(item["kind"]["type"], "RAW") for item in self.graph.get("capabilities", {}).values())
        return tuple(dict.fromkeys(kinds))

    def streamed_sources(self) -> tuple[tuple[str, int], ...]:
        """Return kind and source number of every capability whose data a recording can give."""
        return tuple(
            (_KINDS.get(item["kind"]["type"], "RAW"), int(item.get("args", {}).get("source", 0)))
            for item in self.graph.get("capabilities", {}).values()
            if item["kind"]["type"] != GRAPH_KINDS["RAND"]
        )

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages in the order of the numbers that the rune keeps of them, the first one's being 1."""
        return tuple(name for kind in STAGE_KINDS for name in self.graph.get(kind, {}))

    @property
    def output_count(self) -> int:
        """How many lines one call prints."""
        return len(self.graph.get("outputs", {}))

    def output_elements(self) -> frozenset[str]:
        """Return the element types (``U8``, ``F32``, ``String``) of the tensors that outputs print."""
        tensors = self.graph.get("tensors", {})
        return frozenset(
            tensors[name]["element_type"]
            for output in self.graph.get("outputs", {}).values()
            for name in output["inputs"]
        )

    def stripped(self, module: Module | None = None) -> bytes:
        """Return the form that firmware embeds: code, data, resources and memory layout.

        Args:
            module: what the firmware makes of this rune's module, where it is not taken as it is.
        """
        module = module or read_module(self.data)
        return Module(
            tuple(section for section in module.sections if section.id != CUSTOM or _stays(section))
        ).to_bytes()

    def described(self) -> bytes:
        """Return what of that the runtime itself reads: the rest is in the firmware as code compiled ahead of time."""
        module = read_module(self.data)
        return Module(
            tuple(section for section in module.sections if section.id == MEMORY or _stays(section))
        ).to_bytes()


#: The kinds of stages, in the order of the graph and of the stages' numbers.
STAGE_KINDS = ("capabilities", "models", "proc-blocks", "outputs")

#: The names that the graph has for capability kinds.
GRAPH_KINDS = {"RAND": "random", "ACCEL": "accelerometer", "SOUND": "sound", "IMAGE": "image", "RAW": "raw"}
_KINDS = {graph: kind for kind, graph in GRAPH_KINDS.items()}


def _stays(section: Section) -> bool:
    """Whether a section is a custom one that the runtime reads."""
    return section.id == CUSTOM and Module((section,)).custom_sections[0][0] in {RESOURCE, RUNEFLASH}


def runeflash_section(memory: MemoryLayout, models: tuple[RuneModel, ...], stage_global: int | None = None) -> Section:
    """Return the ``.runeflash`` section."""
    stage = _NO_GLOBAL if stage_global is None else stage_global
    content = MAGIC + struct.pack("<6I", memory.total, memory.stack, memory.data, memory.arena, stage, len(models))
    for model in models:
        encoded = model.name.encode()
        content += struct.pack("<I", len(encoded)) + encoded + model.sha256
    return custom_section(RUNEFLASH, content)


def resource_section(resources: tuple[tuple[str, bytes], ...]) -> Section:
    """Return the ``.rune_resource`` section."""
    content = b"".join(
        struct.pack(">I", len(name.encode())) + name.encode() + struct.pack(">I", len(data)) + data
        for name, data in resources
    )
    return custom_section(RESOURCE, content)


def model_section(models: tuple[RuneModel, ...]) -> Section:
    """Return the ``.rune_model`` section."""
    content = b"".join(
        struct.pack("<I", len(model.name.encode()))
        + model.name.encode()
        + model.sha256
        + struct.pack("<I", len(model.data))
        + model.data
        for model in models
    )
    return custom_section(MODEL, content)


def json_section(name: str, value: Any) -> Section:
    """Return a section that holds compact JSON in a fixed order of keys."""
    return custom_section(name, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def read_rune(data: bytes, where: str) -> Rune:
    """Read a ``.rune`` file that runeflash built.

    Args:
        data: the file.
        where: its path, for messages.

    Raises:
        UserError: the bytes are no wasm module, no rune of ours, or damaged.
    """
    try:
        module = read_module(data)
        sections = dict(module.custom_sections)
        if RUNEFLASH not in sections:
            raise UserError(
                f"{where} has no {RUNEFLASH} section: runeflash did not build it",
                hint="give the Runefile instead; runes built by other tools are not supported yet",
            )
        memory, stage_global, hashes = _read_runeflash(sections[RUNEFLASH])
        # Code compiled ahead of time begins with no stage, whatever the module declares.
        if stage_global is not None and module.global_values[stage_global : stage_global + 1] != (_STAGE_GLOBAL,):
            raise _DamagedError("its stage's global is not a mutable i32 of its own that begins with 0")
        models = _read_models(sections.get(MODEL, b""))
        graph = json.loads(sections.get(GRAPH, b"{}"))
        version = json.loads(sections.get(VERSION, b"{}")).get("version", "unknown")
        resources = _read_resources(sections.get(RESOURCE, b""))
        blocks = _read_blocks(sections.get(BLOCKS, b"[]"))
    except (WasmError, _DamagedError, ValueError, AttributeError) as error:
        raise UserError(f"{where} is damaged or no rune: {error}") from error
    if [(model.name, model.sha256) for model in models] != hashes:
        raise UserError(f"{where} is damaged: its models do not have the hashes that it was built with")
    if not isinstance(graph, dict):
        raise UserError(f"{where} is damaged: {GRAPH} is not an object")
    return Rune(data, graph, memory, blocks, models, resources, str(version), stage_global)


class _DamagedError(Exception):
    """A section of ours ends early or says something impossible."""


class _Fields:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, length: int) -> bytes:
        if length > len(self._data) - self._position:
            raise _DamagedError("a custom section ends in the middle of a field")
        piece = self._data[self._position : self._position + length]
        self._position += length
        return piece

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(4))[0])

    def text(self, form: str) -> str:
        return self.take(self.number(form)).decode()

    @property
    def left(self) -> int:
        return len(self._data) - self._position


def _read_runeflash(content: bytes) -> tuple[MemoryLayout, int | None, list[tuple[str, bytes]]]:
    fields = _Fields(content)
    if fields.take(4) != MAGIC:
        raise _DamagedError(f"its {RUNEFLASH} section has another format than this version of runeflash reads")
    total, stack, data, arena, stage, count = (fields.number("<I") for _ in range(6))
    hashes = [(fields.text("<I"), fields.take(32)) for _ in range(min(count, fields.left))]
    return MemoryLayout(total, stack, data, arena), None if stage == _NO_GLOBAL else stage, hashes


def _read_blocks(content: bytes) -> tuple[StageMemory, ...]:
    try:
        blocks = tuple(StageMemory(**item) for item in json.loads(content))
    except TypeError:
        blocks = None
    if blocks is None or not all(
        isinstance(value, str if key in {"stage", "block"} else int)
        for block in blocks
        for key, value in block.as_data().items()
    ):
        raise _DamagedError(f"its {BLOCKS} section has another form than runeflash writes")
    return blocks


def _read_models(content: bytes) -> tuple[RuneModel, ...]:
    fields = _Fields(content)
    models = []
    while fields.left:
        name = fields.text("<I")
        fields.take(32)
        models.append(RuneModel(name, fields.take(fields.number("<I"))))
    return tuple(models)


def _read_resources(content: bytes) -> tuple[tuple[str, bytes], ...]:
    fields = _Fields(content)
    resources = []
    while fields.left:
        name = fields.text(">I")
        resources.append((name, fields.take(fields.number(">I"))))
    return tuple(resources)
