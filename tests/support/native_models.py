"""Runs compiled models on this computer: their C, compiled for the host into one shared library."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runeflash.model import CompiledModel
from runeflash.resources import folder
from runeflash.tensors import ElementType
from runeflash.toolchain import cache, picolibc, zig

MATH = ("rf_expf", "rf_expm1f", "rf_fmodf", "rf_logf", "rf_tanhf")
_GUARD = 64
_PATTERN = 0xA5
_NUMPY_TYPES = {
    ElementType.F32: np.float32,
    ElementType.I32: np.int32,
    ElementType.I16: np.int16,
    ElementType.I8: np.int8,
    ElementType.U8: np.uint8,
    ElementType.I64: np.int64,
    ElementType.U16: np.uint16,
    ElementType.U32: np.uint32,
}


class _Tensor(ctypes.Structure):
    _fields_ = (("element_type", ctypes.c_int), ("count", ctypes.c_uint32))


_POINTERS = ctypes.POINTER(ctypes.c_void_p)


class _Model(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("sha256", ctypes.c_uint8 * 32),
        ("input_count", ctypes.c_uint32),
        ("inputs", ctypes.POINTER(_Tensor)),
        ("output_count", ctypes.c_uint32),
        ("outputs", ctypes.POINTER(_Tensor)),
        ("arena_size", ctypes.c_uint32),
        ("infer", ctypes.CFUNCTYPE(None, _POINTERS, _POINTERS, ctypes.c_void_p)),
        ("reset", ctypes.CFUNCTYPE(None)),
    )


class _Guarded:
    """A buffer, aligned to 16, between two stretches that nobody may write to."""

    def __init__(self, size: int, fill: int) -> None:
        self._memory = np.full(size + 2 * _GUARD + 16, _PATTERN, np.uint8)
        self._start = _GUARD + -(self._memory.ctypes.data + _GUARD) % 16
        self.bytes = self._memory[self._start : self._start + size]
        self.bytes[:] = fill

    @property
    def address(self) -> int:
        return int(self._memory.ctypes.data + self._start)

    def check(self) -> None:
        end = self._start + len(self.bytes)
        assert (self._memory[: self._start] == _PATTERN).all(), "written before a buffer"
        assert (self._memory[end:] == _PATTERN).all(), "written behind a buffer"


@dataclass(frozen=True)
class NativeModel:
    """A model in a loaded library."""

    compiled: CompiledModel
    model: _Model

    def run(self, *inputs: npt.ArrayLike, arena_fill: int = 0xFF) -> list[npt.NDArray[np.generic]]:
        """Return the outputs; checks that nothing was written outside the outputs and the arena.

        The arena is filled with NaNs first (0xff), so that reading what was never written shows.
        """
        assert len(inputs) == len(self.compiled.inputs)
        sources, results = [], []
        for value, kind in zip(inputs, self.compiled.inputs, strict=True):
            buffer = _Guarded(kind.size, 0)
            array = np.asarray(value, _NUMPY_TYPES[kind.element])
            assert array.size == kind.count
            buffer.bytes[:] = np.frombuffer(array.tobytes(), np.uint8)
            sources.append((buffer, buffer.bytes.copy()))
        for kind in self.compiled.outputs:
            results.append(_Guarded(kind.size, 0xFF))
        arena = _Guarded(self.compiled.arena_bytes, arena_fill)
        self.model.infer(
            (ctypes.c_void_p * max(len(sources), 1))(*[buffer.address for buffer, _ in sources]),
            (ctypes.c_void_p * len(results))(*[buffer.address for buffer in results]),
            arena.address,
        )
        arena.check()
        for buffer, before in sources:
            buffer.check()
            assert (buffer.bytes == before).all(), "an input was written to"
        outputs = []
        for buffer, kind in zip(results, self.compiled.outputs, strict=True):
            buffer.check()
            outputs.append(buffer.bytes.view(_NUMPY_TYPES[kind.element]).reshape(kind.dimensions).copy())
        return outputs

    def reset(self) -> None:
        """Set the variables back to their first values; nothing where there are none."""
        if self.model.reset:
            self.model.reset()


def math_sources() -> list[Path]:
    """Return the C files of the math functions."""
    return [folder("targets") / "common" / "math" / f"{name}.c" for name in MATH]


def include_flags() -> list[str]:
    """Return the flags with which generated models and the math functions find their headers."""
    return [f"-I{folder('targets') / 'common'}", *picolibc.math_include_flags(), *picolibc.libc_include_flags()]


def shared_library(files: Mapping[str, str]) -> ctypes.CDLL:
    """Compile C files, by name and text, together with the math functions and without a warning; load the library.

    All files are one translation unit, which is much quicker: their static names must differ. The same files are
    compiled once and kept in the cache.
    """
    common = folder("targets") / "common"
    flags = [*zig.host_flags(), *zig.WARNING_FLAGS, "-shared", "-fPIC", "-nostdlib"]
    key = cache.key(
        *(part for item in sorted(files.items()) for part in item),
        *flags,
        zig.version(),
        cache.tree_key(common, "kernels/*"),
        cache.tree_key(common, "*.h"),
        cache.tree_key(common / "math"),
    )

    def make(place: Path) -> None:
        for name, text in files.items():
            (place / name).write_text(text)
        unit = place / "unit.c"
        unit.write_text("".join(f'#include "{name}"\n' for name in files))
        zig.compile_c(
            [*flags, *include_flags(), unit, *math_sources(), "-o", place / "library.so"],
            what="compiling for a test",
        )

    return ctypes.CDLL(str(cache.entry("test-libraries", key, make) / "library.so"))


def load_models(models: Sequence[CompiledModel]) -> list[NativeModel]:
    """Compile models, which have different symbols, into one library and load it."""
    library = shared_library({f"{compiled.symbol}.c": compiled.source for compiled in models})
    return [NativeModel(compiled, _Model.in_dll(library, compiled.symbol)) for compiled in models]
