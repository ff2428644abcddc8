"""A host of our own for runes in wasmtime: the imports of docs/rune-format.md, in Python.

It shares nothing with the C runtime but what the formats say: capabilities are filled and models are run from here,
outputs are decoded here, and come out in the canonical form.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any

import wasmtime

from runeflash.device.canonical import canonical_line
from runeflash.device.lines import Output
from runeflash.rune import Rune
from runeflash.rune.abi import IMPORTS, OUTPUT_TENSOR, VALUE_F32, VALUE_I32

RAND, RAW = 1, 5
_FORMS = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q"}
_FORMS |= {"f32": "f", "f64": "d"}

#: Gives the bytes of a capability: its kind's number, its parameters, and how many.
Provide = Callable[[int, dict[str, int | float], int], bytes]
#: Runs a model, by its stage's name, with one input: gives the bytes of its one output for those of the input.
Infer = Callable[[str, bytes], bytes]


class RuneFailedError(Exception):
    """The rune reported an error, or asked for what there is not."""


def _no_models(name: str, _given: bytes) -> bytes:
    raise RuneFailedError(f"nothing runs the model {name}")


def run_in_wasmtime(rune: Rune, provide: Provide, calls: int, infer: Infer = _no_models) -> list[str]:
    """Return the canonical lines of a rune's outputs in so many calls."""
    host = _Host(rune, provide, infer)
    engine = wasmtime.Engine()
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    module = wasmtime.Module(engine, rune.data)
    i32 = wasmtime.ValType.i32()
    for name, count in IMPORTS.items():
        function = getattr(host, name.removeprefix("_"), None) or _refusal(name)
        linker.define_func("env", name, wasmtime.FuncType([i32] * count, [i32]), function)
    exports = linker.instantiate(store, module).exports(store)
    memory, manifest, call = (exports[name] for name in ("memory", "_manifest", "_call"))
    assert isinstance(memory, wasmtime.Memory)
    assert isinstance(manifest, wasmtime.Func)
    assert isinstance(call, wasmtime.Func)
    host.read = lambda at, length: bytes(memory.read(store, at & 0xFFFFFFFF, (at & 0xFFFFFFFF) + length))
    host.write = lambda at, data: memory.write(store, data, at & 0xFFFFFFFF)
    manifest(store)
    for _ in range(calls):
        call(store, 0, 0, 0)
    return host.lines


def _refusal(name: str) -> Callable[..., int]:
    def refuse(*_: int) -> int:
        raise RuneFailedError(f"the rune calls {name}, which this host does not have")

    return refuse


class _Host:
    read: Callable[[int, int], bytes]
    write: Callable[[int, bytes], int]

    def __init__(self, rune: Rune, provide: Provide, infer: Infer) -> None:
        self._resources = dict(rune.resources)
        self._provide = provide
        self._infer = infer
        self._handles: list[Any] = []
        self.lines: list[str] = []

    def _new(self, what: object) -> int:
        self._handles.append(what)
        return len(self._handles) - 1

    def debug(self, text: int, length: int) -> int:
        record = json.loads(self.read(text, length))
        if record["level"] == "ERROR":
            raise RuneFailedError(record["message"])
        return 0

    def request_capability(self, kind: int) -> int:
        return self._new((kind, {}))

    def request_capability_set_param(
        self, handle: int, name: int, length: int, value: int, size: int, kind: int
    ) -> int:
        assert size == 4
        form = {VALUE_I32: "<i", VALUE_F32: "<f"}[kind]
        (self._handles[handle][1][self.read(name, length).decode()],) = struct.unpack(form, self.read(value, size))
        return 0

    def request_provider_response(self, buffer: int, length: int, handle: int) -> int:
        kind, parameters = self._handles[handle]
        data = self._provide(kind, parameters, length)
        assert len(data) == length
        self.write(buffer, data)
        return length

    def rune_resource_open(self, name: int, length: int) -> int:
        return self._new(self._resources[self.read(name, length).decode()])

    def rune_model_load(
        self,
        mimetype: int,
        mimetype_length: int,
        model: int,
        length: int,
        inputs: int,
        input_count: int,
        outputs: int,
        output_count: int,
    ) -> int:
        assert self.read(mimetype, mimetype_length) == b"application/vnd.runeflash.model"
        assert (input_count, output_count) == (1, 1)
        return self._new((self.read(model, length).decode(), self._described(inputs), self._described(outputs)))

    def _described(self, at: int) -> int:
        """Return how many bytes the tensor of a descriptor has."""
        text = self.read(*struct.unpack("<II", self.read(at, 8))).decode()
        element, _, rest = text.partition("[")
        dimensions = [int(part) for part in rest.rstrip("]").split(",") if part.strip()]
        return math.prod(dimensions) * struct.calcsize(f"<{_FORMS[element.lower()]}")

    def rune_model_infer(self, handle: int, inputs: int, outputs: int) -> int:
        name, given, wanted = self._handles[handle]
        (source,) = struct.unpack("<I", self.read(inputs, 4))
        (target,) = struct.unpack("<I", self.read(outputs, 4))
        result = self._infer(name, self.read(source, given))
        assert len(result) == wanted
        self.write(target, result)
        return 0

    def request_output(self, kind: int) -> int:
        assert kind == OUTPUT_TENSOR
        return self._new("output")

    def consume_output(self, handle: int, data: int, length: int) -> int:
        assert self._handles[handle] == "output"
        tensors = _tensors(self.read(data, length), handle)
        self.lines.append(canonical_line(Output(tensors if len(tensors) > 1 else tensors[0])))
        return length


def _tensors(data: bytes, channel: int) -> list[dict[str, Any]]:
    found = []
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        name, _, rest = data[at + 4 : at + 4 + length].decode().partition("[")
        at += 4 + length
        element = name.lower()
        dimensions = [int(text) for text in rest.rstrip("]").split(",") if text.strip()]
        elements: list[object] = []
        for _ in range(math.prod(dimensions)):
            value, at = _element(data, at, element)
            elements.append(value)
        found.append({"channel": channel, "dimensions": dimensions, "elements": elements, "type_name": element})
    return found


def _element(data: bytes, at: int, element: str) -> tuple[object, int]:
    if element == "utf8":
        (size,) = struct.unpack_from("<I", data, at)
        return data[at + 4 : at + 4 + size].decode(errors="replace"), at + 4 + size
    form = f"<{_FORMS[element]}"
    (value,) = struct.unpack_from(form, data, at)
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    return value, at + struct.calcsize(form)
