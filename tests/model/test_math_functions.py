"""rf_expf and its like: right, the same bits on every target, and nothing else linked."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from elftools.elf.elffile import ELFFile
from native_models import include_flags, math_sources, shared_library
from thumb_programs import thumb_program

from runeflash.rune.wasm import read_module
from runeflash.toolchain import zig

COUNT = 3000
RESULTS = ("exponential", "remainder_", "logarithm", "less_one", "tangent")

_ENTRY = f"""
#include <stdint.h>
#include "rune_math.h"
float x[{COUNT}], y[{COUNT}], exponential[{COUNT}], remainder_[{COUNT}], logarithm[{COUNT}],
    less_one[{COUNT}], tangent[{COUNT}];
void entry(void);
void entry(void)
{{
    for (uint32_t i = 0; i < {COUNT}; i++) {{
        exponential[i] = rf_expf(x[i]);
        remainder_[i] = rf_fmodf(x[i], y[i]);
        logarithm[i] = rf_logf(y[i]);
        less_one[i] = rf_expm1f(x[i]);
        tangent[i] = rf_tanhf(y[i]);
    }}
}}
"""

Floats = npt.NDArray[np.float32]


def operands() -> tuple[Floats, Floats]:
    """Numbers of every magnitude, many where exp is neither 0 nor infinite, and the special ones."""
    generator = np.random.default_rng(3)
    bits = generator.integers(0, 1 << 32, 2 * COUNT, dtype=np.uint32).view(np.float32)
    x, y = bits[:COUNT].copy(), bits[COUNT:].copy()
    x[: COUNT // 2] = generator.uniform(-105, 90, COUNT // 2).astype(np.float32)
    y[: COUNT // 4] = generator.uniform(-3, 3, COUNT // 4).astype(np.float32)
    special = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-45, 88.72283, -103.97], np.float32)
    x[-100:], y[-100:] = np.repeat(special, 10), np.tile(special, 10)
    return x, y


def on_this_computer(x: Floats, y: Floats) -> tuple[Floats, ...]:
    library = shared_library({"entry.c": _ENTRY})
    arrays = {name: (ctypes.c_float * COUNT).in_dll(library, name) for name in ("x", "y", *RESULTS)}
    ctypes.memmove(arrays["x"], x.tobytes(), 4 * COUNT)
    ctypes.memmove(arrays["y"], y.tobytes(), 4 * COUNT)
    library.entry()
    return tuple(np.frombuffer(bytes(arrays[name]), np.float32) for name in RESULTS)


def bits_of(values: Floats) -> npt.NDArray[np.uint32]:
    """Return the bits, with one NaN for all: the runtime makes it so wherever a NaN could be seen."""
    return np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32)


def test_expf_is_right_to_one_ulp() -> None:
    x, y = operands()
    found, *_ = on_this_computer(x, y)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exact = np.exp(x.astype(np.float64))
        rounded = exact.astype(np.float32)
        ulp = np.spacing(np.where(np.isfinite(rounded), rounded, np.float32(1))).astype(np.float64)
        finite = np.isfinite(rounded)
        assert (np.abs(found[finite] - exact[finite]) <= ulp[finite]).all()
    assert (found[rounded == np.inf] == np.inf).all()
    assert (np.isnan(found) == np.isnan(x)).all()


def test_fmodf_is_exact() -> None:
    x, y = operands()
    _, found, *_ = on_this_computer(x, y)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(bits_of(found), bits_of(np.fmod(x, y)))


def test_logf_is_right_to_one_ulp() -> None:
    x, y = operands()
    _, _, found, *_ = on_this_computer(x, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.log(y.astype(np.float64))
    finite = np.isfinite(exact)
    ulp = np.spacing(np.abs(exact[finite]).astype(np.float32)).astype(np.float64)
    assert (np.abs(found[finite] - exact[finite]) <= ulp).all()
    assert (np.isnan(found) == np.isnan(exact)).all()
    assert (found[np.isinf(exact)] == exact[np.isinf(exact)]).all()


def test_expm1f_is_right_to_one_ulp() -> None:
    x, y = operands()
    found = on_this_computer(x, y)[3]
    with np.errstate(over="ignore", invalid="ignore"):
        exact = np.expm1(x.astype(np.float64))
        rounded = exact.astype(np.float32)
    finite = np.isfinite(rounded)
    ulp = np.spacing(np.abs(rounded[finite])).astype(np.float64)
    assert (np.abs(found[finite] - exact[finite]) <= ulp).all()
    assert (found[rounded == np.inf] == np.inf).all()
    assert (np.isnan(found) == np.isnan(x)).all()


def test_tanhf_is_right_to_three_ulp() -> None:
    x, y = operands()
    found = on_this_computer(x, y)[4]
    with np.errstate(invalid="ignore"):
        exact = np.tanh(y.astype(np.float64))
    known = ~np.isnan(exact)
    ulp = np.spacing(np.abs(exact[known]).astype(np.float32)).astype(np.float64)
    assert (np.abs(found[known] - exact[known]) <= 3 * ulp).all()
    assert (np.isnan(found) == np.isnan(y)).all()


def test_the_same_bits_on_a_cortex_m(toolchain: str, tmp_path: Path) -> None:
    x, y = operands()
    program = thumb_program({"entry.c": _ENTRY}, toolchain, tmp_path)
    found, _ = program.run({"x": x.tobytes(), "y": y.tobytes()}, dict.fromkeys(RESULTS, 4 * COUNT))
    for name, expected in zip(RESULTS, on_this_computer(x, y), strict=True):
        np.testing.assert_array_equal(bits_of(np.frombuffer(found[name], np.float32)), bits_of(expected))


def test_the_same_bits_in_wasm_and_nothing_imported(tmp_path: Path) -> None:
    x, y = operands()
    results = [bits_of(values).astype(np.uint64).tolist() for values in on_this_computer(x, y)]
    expected = 0
    for each in zip(*results, strict=True):
        for bits in each:
            expected = ((expected ^ bits) * 16777619) & 0xFFFFFFFF
    listed = [",".join(f"{word}u" for word in values.view(np.uint32)) for values in (x, y)]
    source = tmp_path / "digest.c"
    source.write_text(f"""
#include <stdint.h>
#include "rune_math.h"
static const uint32_t x[] = {{{listed[0]}}}, y[] = {{{listed[1]}}};
static uint32_t bits(float value)
{{
    uint32_t word = 0x7fc00000;
    if (value == value)
        __builtin_memcpy(&word, &value, 4);
    return word;
}}
static float number(uint32_t word)
{{
    float value;
    __builtin_memcpy(&value, &word, 4);
    return value;
}}
uint32_t digest(void);
uint32_t digest(void)
{{
    uint32_t hash = 0;
    for (uint32_t i = 0; i < {COUNT}; i++) {{
        hash = (hash ^ bits(rf_expf(number(x[i])))) * 16777619u;
        hash = (hash ^ bits(rf_fmodf(number(x[i]), number(y[i])))) * 16777619u;
        hash = (hash ^ bits(rf_logf(number(y[i])))) * 16777619u;
        hash = (hash ^ bits(rf_expm1f(number(x[i])))) * 16777619u;
        hash = (hash ^ bits(rf_tanhf(number(y[i])))) * 16777619u;
    }}
    return hash;
}}
""")
    module = tmp_path / "digest.wasm"
    flags = [*zig.WASM_FLAGS, *zig.WARNING_FLAGS, *include_flags(), "-nostdlib", "-Wl,--no-entry"]
    zig.compile_c(
        [*flags, "-Wl,--export=digest", source, *math_sources(), "-o", module], what="linking the digest for wasm"
    )
    assert read_module(module.read_bytes()).imports == ()
    interpreter = Path(sys.executable).parent / "wasm-interp"
    printed = subprocess.run(
        [interpreter, module, "--run-all-exports"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert f"digest() => i32:{expected}" in printed, printed


@pytest.mark.parametrize("source", math_sources(), ids=lambda path: path.stem)
def test_defines_only_its_own_name(source: Path, tmp_path: Path) -> None:
    compiled = tmp_path / "object.o"
    zig.compile_c([*zig.host_flags(), *include_flags(), "-c", source, "-o", compiled], what="compiling")
    with compiled.open("rb") as file:
        symbols = list(ELFFile(file).get_section_by_name(".symtab").iter_symbols())
    is_global = [symbol for symbol in symbols if symbol["st_info"]["bind"] == "STB_GLOBAL"]
    assert [symbol.name for symbol in is_global if symbol["st_shndx"] != "SHN_UNDEF"] == [source.stem]
    assert {symbol.name for symbol in is_global} <= {path.stem for path in math_sources()}, "what else it calls"
