"""The C runtime as a Python object: its structures, and a board that is made of Python functions."""

from __future__ import annotations

import ctypes
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = (
    "ok",
    "invalid-module",
    "out-of-memory",
    "trap",
    "stack-overflow",
    "budget-exhausted",
    "bad-pointer",
    "bad-handle",
    "bad-parameter",
    "bad-model",
    "bad-output",
    "no-capability",
    "no-resource",
    "no-data",
    "too-many-handles",
    "block",
    "driver",
)
RAND, SOUND, ACCEL, IMAGE, RAW = range(1, 6)
TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "utf8")

_u8p = ctypes.POINTER(ctypes.c_uint8)


class Parameter(ctypes.Structure):
    _fields_ = (("is_float", ctypes.c_bool), ("integer", ctypes.c_int32), ("real", ctypes.c_float))


class CapabilityParameter(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char * 24), ("value", Parameter))


class Capability(ctypes.Structure):
    _fields_ = (
        ("handle", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("source", ctypes.c_int32),
        ("parameter_count", ctypes.c_uint32),
        ("parameters", CapabilityParameter * 6),
    )


Configure = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Capability), ctypes.c_char_p, Parameter)
Read = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Capability), _u8p, ctypes.c_uint32)
Reset = ctypes.CFUNCTYPE(None)


class Driver(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_uint32), ("configure", Configure), ("read", Read), ("reset", Reset))


class Board(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_char_p),
        ("start", ctypes.CFUNCTYPE(None)),
        ("reset_cause", ctypes.CFUNCTYPE(ctypes.c_void_p)),
        ("microseconds", ctypes.CFUNCTYPE(ctypes.c_uint64)),
        ("serial_read", ctypes.CFUNCTYPE(ctypes.c_uint32, _u8p, ctypes.c_uint32)),
        ("serial_write", ctypes.CFUNCTYPE(None, _u8p, ctypes.c_uint32)),
        ("serial_flush", ctypes.CFUNCTYPE(None)),
        ("serial_receive_capacity", ctypes.c_uint32),
        ("idle", ctypes.CFUNCTYPE(None, ctypes.c_uint64)),
        ("start_watchdog", ctypes.CFUNCTYPE(None, ctypes.c_uint32)),
        ("feed_watchdog", ctypes.CFUNCTYPE(None)),
        ("keep_running", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_uint32)),
        ("mark", ctypes.CFUNCTYPE(None, ctypes.c_int)),
        ("drivers", ctypes.POINTER(Driver)),
        ("driver_count", ctypes.c_uint32),
    )


class ModelTensor(ctypes.Structure):
    _fields_ = (("element_type", ctypes.c_int), ("count", ctypes.c_uint32))


Infer = ctypes.CFUNCTYPE(
    None, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_uint8)
)


class Model(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("sha256", ctypes.c_uint8 * 32),
        ("input_count", ctypes.c_uint32),
        ("inputs", ctypes.POINTER(ModelTensor)),
        ("output_count", ctypes.c_uint32),
        ("outputs", ctypes.POINTER(ModelTensor)),
        ("arena_size", ctypes.c_uint32),
        ("infer", Infer),
        ("reset", Reset),
    )


class Image(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("build_id", ctypes.c_char_p),
        ("rune", ctypes.c_void_p),
        ("rune_length", ctypes.c_uint32),
        ("heap", ctypes.c_void_p),
        ("heap_size", ctypes.c_uint32),
        ("models", ctypes.POINTER(ctypes.POINTER(Model))),
        ("model_count", ctypes.c_uint32),
        ("model_arena", ctypes.c_void_p),
        ("stages", ctypes.POINTER(ctypes.c_char_p)),
        ("stage_count", ctypes.c_uint32),
        ("budget", ctypes.c_int32),
        ("watchdog_milliseconds", ctypes.c_uint32),
        ("interval_microseconds", ctypes.c_uint32),
        ("print_f64", ctypes.c_void_p),
        ("stream_sensors", ctypes.c_bool),
    )


class Module(ctypes.Structure):
    _fields_ = (
        ("wasm", ctypes.c_void_p),
        ("wasm_length", ctypes.c_uint32),
        ("memory_size", ctypes.c_uint32),
        ("stack_size", ctypes.c_uint32),
        ("data_size", ctypes.c_uint32),
        ("arena_size", ctypes.c_uint32),
        ("model_count", ctypes.c_uint32),
        ("models", ctypes.c_void_p),
    )


class Failure(ctypes.Structure):
    _fields_ = (
        ("status", ctypes.c_int),
        ("stage_length", ctypes.c_uint32),
        ("message_length", ctypes.c_uint32),
        ("stage", ctypes.c_uint8 * 64),
        ("message", ctypes.c_uint8 * 192),
    )


def aligned_buffer(size: int, alignment: int = 16) -> tuple[Any, int]:
    """Return a buffer and the aligned address of `size` bytes in it."""
    buffer = ctypes.create_string_buffer(size + alignment)
    return buffer, -(-ctypes.addressof(buffer) // alignment) * alignment


class Library:
    """A library of runtime_build.library, with what every function takes and gives."""

    def __init__(self, path: Path) -> None:
        self.c = c = ctypes.CDLL(str(path))
        c.rune_crc32.restype = ctypes.c_uint32
        c.rune_double_print.argtypes = (ctypes.c_uint64, ctypes.c_char_p)
        c.rune_status_name.restype = ctypes.c_char_p
        c.rune_failure_last.restype = ctypes.POINTER(Failure)
        c.rune_tensor_type_read.restype = ctypes.c_bool
        c.rune_utf8_valid.restype = ctypes.c_bool

    @property
    def failure(self) -> tuple[str, str | None, str]:
        """The failure that was noted last: its status, stage and message."""
        last = self.c.rune_failure_last().contents
        stage = bytes(last.stage[: last.stage_length]).decode("utf-8") if last.stage_length else None
        return STATUS[last.status], stage, bytes(last.message[: last.message_length]).decode("utf-8")


class FakeBoard:
    """A board for which a test decides what is received and when time passes.

    Attributes:
        sent: the bytes that were written.
        time: microseconds; goes on by one at each look, and to the deadline in idle().
        marks: what was marked.
        watchdog: the milliseconds it was started for, and "fed" for each time that it was fed.
    """

    def __init__(self, drivers: list[Driver] | None = None, capacity: int = 1024) -> None:
        self.sent = bytearray()
        self.time = 0
        self.marks: list[int] = []
        self.watchdog: list[int | str] = []
        self.receive: Callable[[int], bytes] = lambda capacity: b""
        self.keep_running: Callable[[int], bool] = lambda finished: False
        self.idle: Callable[[int], None] = self._go_to
        array = (Driver * len(drivers or []))(*(drivers or []))
        fields = dict(Board._fields_)
        cause = ctypes.create_string_buffer(b"power-on")
        self._kept: list[Any] = [array, cause]

        def function(name: str, python: Callable[..., Any]) -> Any:
            made = fields[name](python)
            self._kept.append(made)
            return made

        self.c = Board(
            id=b"fake",
            start=function("start", lambda: None),
            reset_cause=function("reset_cause", lambda: ctypes.addressof(cause)),
            microseconds=function("microseconds", self._microseconds),
            serial_read=function("serial_read", self._read),
            serial_write=function("serial_write", self._write),
            serial_flush=function("serial_flush", lambda: None),
            serial_receive_capacity=capacity,
            idle=function("idle", self._idle),
            start_watchdog=function("start_watchdog", self.watchdog.append),
            feed_watchdog=function("feed_watchdog", lambda: self.watchdog.append("fed")),
            keep_running=function("keep_running", self._keep_running),
            mark=function("mark", self.marks.append),
            drivers=ctypes.cast(array, ctypes.POINTER(Driver)),
            driver_count=len(array),
        )

    def _microseconds(self) -> int:
        self.time += 1
        return self.time

    def _go_to(self, deadline: int) -> None:
        self.time = max(self.time, deadline)

    def _idle(self, deadline: int) -> None:
        self.idle(deadline)  # looked up at each call: tests change it

    def _keep_running(self, finished: int) -> bool:
        return self.keep_running(finished)

    def _read(self, buffer: Any, capacity: int) -> int:
        got = self.receive(capacity)
        assert len(got) <= capacity
        ctypes.memmove(buffer, got, len(got))
        return len(got)

    def _write(self, text: Any, length: int) -> None:
        self.sent += ctypes.string_at(text, length)

    @property
    def lines(self) -> list[Any]:
        """What was sent, line by line."""
        assert not self.sent or self.sent.endswith(b"\n")
        return [json.loads(line) for line in bytes(self.sent).split(b"\n")[:-1]]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The lines about the firmware of this kind."""
        return [line for line in self.lines if isinstance(line, dict) and line.get("runeflash") == kind]

    @property
    def outputs(self) -> list[Any]:
        """The lines of the rune."""
        return [line for line in self.lines if not (isinstance(line, dict) and "runeflash" in line)]


def make_driver(
    kind: int,
    read: Callable[[Any, int], tuple[str, bytes]],
    configure: Callable[[str, Parameter], str] | None = None,
    reset: Callable[[], None] | None = None,
) -> Driver:
    """Return a driver of Python functions that answer with the names of statuses."""

    def read_function(capability: Any, buffer: Any, length: int) -> int:
        status, content = read(capability.contents, length)
        ctypes.memmove(buffer, content, min(len(content), length))
        return STATUS.index(status)

    def configure_function(_: Any, name: bytes, value: Parameter) -> int:
        assert configure is not None
        return STATUS.index(configure(name.decode(), value))

    return Driver(
        kind,
        Configure(configure_function) if configure else Configure(),
        Read(read_function),
        Reset(reset) if reset else Reset(),
    )


def make_model(
    name: str,
    sha256: bytes,
    inputs: list[tuple[str, int]],
    outputs: list[tuple[str, int]],
    infer: Callable[[list[int], list[int]], None],
    reset: Callable[[], None] | None = None,
) -> Model:
    """Return a model whose `infer` gets the addresses of its tensors."""

    def tensors(types: list[tuple[str, int]]) -> Any:
        return (ModelTensor * len(types))(*((TYPES.index(element), count) for element, count in types))

    def infer_function(from_: Any, to: Any, _: Any) -> None:
        infer([from_[i] for i in range(len(inputs))], [to[i] for i in range(len(outputs))])

    return Model(
        name.encode(),
        (ctypes.c_uint8 * 32)(*sha256),
        len(inputs),
        tensors(inputs),
        len(outputs),
        tensors(outputs),
        64,
        Infer(infer_function),
        Reset(reset) if reset else Reset(),
    )


class FakeImage:
    """An image of a rune and models; keeps alive what its structure points to."""

    def __init__(
        self,
        rune: bytes,
        models: list[Model] | None = None,
        *,
        heap_size: int = 32768,
        stages: tuple[str, ...] = (),
        budget: int = 1_000_000,
    ) -> None:
        models = models or []
        heap, heap_at = aligned_buffer(heap_size)
        arena, arena_at = aligned_buffer(64)
        code = ctypes.create_string_buffer(rune, len(rune))
        pointers = (ctypes.POINTER(Model) * len(models))(*map(ctypes.pointer, models))
        names = (ctypes.c_char_p * len(stages))(*(name.encode() for name in stages))
        self._kept = list(itertools.chain((heap, arena, code, pointers, names), models))
        self.heap_at, self.heap_size = heap_at, heap_size
        self.c = Image(
            b"test",
            b"0123456789ab",
            ctypes.addressof(code),
            len(rune),
            heap_at,
            heap_size,
            ctypes.cast(pointers, ctypes.POINTER(ctypes.POINTER(Model))),
            len(models),
            arena_at,
            ctypes.cast(names, ctypes.POINTER(ctypes.c_char_p)),
            len(stages),
            budget,
            30_000,
            100_000,
        )
