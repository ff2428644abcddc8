"""How firmware is compiled: one place for the flags of every compiler and every group of files.

Used by the SCons script of the platforms (inside PlatformIO) and by the small programs that are
built beside a firmware (the engine's heap measurement, the runtime of this computer).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runeflash.boards.board import Board
from runeflash.errors import ToolError
from runeflash.firmware.options import ENGINES
from runeflash.resources import folder
from runeflash.toolchain import cache, gcc, picolibc, wasm3, zig

SEMANTICS = (
    *zig.SEMANTICS_FLAGS,
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-g",
)

#: Our own C.
OWN = (*zig.WARNING_FLAGS, "-Os")
#: The generated files of a project: models are kernels, so they are optimised for speed.
PROJECT = (*zig.WARNING_FLAGS, "-O2")
#: The rune's own code, where it is compiled ahead of time. The wasm was optimised for speed when it was made: here -Os
#: gives fewer instructions than -O2 and -O3 do (benchmarks, microspeech), and less of them to execute.
RUNE_CODE_FILE = "rune_code.c"
RUNE_CODE = (*zig.WARNING_FLAGS, "-Os")
#: Other people's C: their warnings are not ours to fix.
FOREIGN = ("-w", "-Os")
WASM3 = ("-w", "-O2", "-include", "rune_wasm3_config.h")

LIBC_SOURCES = (
    "string/memcpy.c",
    "string/memmove.c",
    "string/memset.c",
    "string/memcmp.c",
    "string/strlen.c",
    "string/strcmp.c",
)
#: What wasm3 calls for the floating-point instructions of wasm, all of them exact operations, and what those need.
LIBM_SOURCES = (
    *(
        f"{place}/{prefix}_{name}.c"
        for prefix in ("s", "sf")
        for place, name in (
            ("common", "rint"),
            ("common", "trunc"),
            ("common", "copysign"),
            ("math", "floor"),
            ("math", "ceil"),
            ("math", "sqrt"),
            ("math", "fabs"),
            ("common", "fpclassify"),
        )
    ),
    "common/math_err_invalid.c",
    "common/math_errf_invalidf.c",
    "common/math_err_with_errno.c",
    "common/math_errf_with_errnof.c",
)


@dataclass(frozen=True)
class FirmwareTools:
    """A compiler for a Cortex-M core.

    Attributes:
        name: ``gcc`` or ``zig``.
        version: as the compiler gives it.
        compiler, archiver, ranlib: commands, quoted as a shell wants them.
        machine: flags that choose the core, for compiling and linking.
        link: further flags for linking.
        small: further flags for our own C, which is to be small.
        support_library: the name of the library of compiler helpers (soft-float double ...).
    """

    name: str
    version: str
    compiler: str
    archiver: str
    ranlib: str
    machine: tuple[str, ...]
    link: tuple[str, ...]
    small: tuple[str, ...]
    support_library: str


def firmware_tools(choice: str, cpu: str, fpu: str) -> FirmwareTools:
    """Return the tools for a core.

    Args:
        choice: ``auto`` (gcc where it is installed, or else zig), ``gcc`` or ``zig``.
        cpu: as gcc names it (``cortex-m4``).
        fpu: as gcc names it (``fpv4-sp-d16``), or empty for none.

    Raises:
        ToolError: gcc was asked for and is not there, or is too old.
    """
    version = None if choice == "zig" else gcc.version()
    if version is not None:
        machine = ["-mthumb", f"-mcpu={cpu}", "-mfloat-abi=hard" if fpu else "-mfloat-abi=soft"]
        machine += [f"-mfpu={fpu}"] if fpu else []
        return FirmwareTools(
            "gcc",
            version,
            f"{gcc.PREFIX}gcc",
            f"{gcc.PREFIX}ar",
            f"{gcc.PREFIX}ranlib",
            (*machine, "-fno-short-enums"),
            (
                "-nostdlib",
                "-nostartfiles",
                "-Wl,--build-id=none",
                # libgcc is built with short enums, but none of its functions takes one
                "-Wl,--no-enum-size-warning",
            ),
            (),
            "gcc",
        )
    if choice == "gcc":
        raise ToolError(
            f"{gcc.PREFIX}gcc, version 10 or newer, is not on the PATH",
            hint="install it (Debian: apt-get install gcc-arm-none-eabi), or build with --toolchain zig",
        )
    command = f'"{zig.executable()}"'
    # Addresses and large constants are loaded from beside the code: smaller than two instructions for each half.
    feature = f"{cpu.replace('-', '_')}{'+vfp4d16sp' if fpu == 'fpv4-sp-d16' else ''}+no_movt"
    return FirmwareTools(
        "zig",
        zig.version(),
        f"{command} cc",
        f"{command} ar",
        f"{command} ranlib",
        (
            "-target",
            f"thumb-freestanding-eabi{'hf' if fpu else ''}",
            f"-mcpu={feature}",
            "-fomit-frame-pointer",
            "-fno-sanitize=all",
            "-fno-short-enums",
            # Else zig takes the target to have no memcpy: small copies become calls, and wasm3's operations with them
            # lose their tail jumps.
            "-fhosted",
        ),
        ("-nostdlib", "-Wl,-e,Reset_Handler"),
        # clang's -Os inlines and copies the heads of loops where gcc's does not. Its -Oz would do neither, but calls
        # known functions through registers, which the proof of the stack does not follow.
        ("-mllvm", "-inline-threshold=-20", "-mllvm", "-rotation-max-header-size=0"),
        "compiler_rt",
    )


def sources_mark() -> str:
    """Return a flag that changes with any header an object can depend on, whatever the board.

    SCons knows an object by its command and its source; our headers are found by flags that it does not read.
    """
    headers = cache.tree_key(folder("targets") / "common", "**/*.h")
    return f"-DRUNE_SOURCES={cache.key(picolibc.root().as_posix(), wasm3.SHA256, headers)}"


def board_flags(board: Board) -> list[str]:
    """Return the further flags of a board's own C files: its macros, where its headers lie, a mark of these."""
    family, own = board.family_folder, board.own_files()
    places = [family / "drivers", family / "startup", *sorted({path.parent for path in own})]
    headers = [path.read_bytes() for path in own if path.suffix == ".h"]
    return [
        *[f"-I{place}" for place in places],
        f"-DRUNE_SERIAL_BAUD={board.baud}",
        f'-DRUNE_BOARD_ID=\\"{board.id}\\"',  # as a shell wants it
        *[f"-D{name}={value}" for name, value in sorted(board.defines.items())],
        f"-DRUNE_BOARD_SOURCES={cache.key(cache.tree_key(family, '**/*.h'), *headers)}",
    ]


def tool_environment() -> dict[str, str]:
    """Return what the compilers need in their environment, besides the PATH."""
    return {
        name: value
        for name, value in zig.environment().items()
        if name.startswith("ZIG_") or name in {"PATH", "HOME", "NO_COLOR", "TMPDIR"}
    }


def prefix_maps() -> list[str]:
    """Return the flags that keep this computer's paths out of the objects."""
    places = [(folder("targets"), "targets"), (picolibc.root(), "picolibc")]
    cached = wasm3.cached()
    if cached is not None:
        places.append((cached, "wasm3"))
    return [f"-ffile-prefix-map={path}={name}" for path, name in places]


def include_folders() -> list[Path]:
    """Return where the headers lie that no board has a part in."""
    return [folder("targets") / "common"]


def libc_includes() -> list[str]:
    """Return the flags that make picolibc's headers the C library's."""
    return picolibc.libc_include_flags()


def runtime_sources(engine: str, *, profile: bool = False) -> list[Path]:
    """Return the files of the C runtime with one engine; those that measure only where the firmware does."""
    common = folder("targets") / "common"
    others = set() if profile else {common / "rune_profile.c"}
    others |= {
        path
        for other in ENGINES
        if other != engine
        for pattern in (f"rune_engine_{other}.c", f"rune_{other}_*.c")
        for path in common.glob(pattern)
    }
    return sorted(set(common.glob("*.c")) - others)


def source_groups(
    engine: str, small: tuple[str, ...] = (), *, profile: bool = False
) -> list[tuple[str, list[Path], list[str]]]:
    """Return the groups of files that every firmware has besides its board's, each with a name and its flags.

    Args:
        engine: one of :data:`~runeflash.firmware.options.ENGINES`.
        small: of the compiler's :class:`FirmwareTools`.
        profile: whether the firmware measures itself.
    """
    common = folder("targets") / "common"
    libc = picolibc.root() / "newlib" / "libc"
    libm = picolibc.root() / "newlib" / "libm"
    math = [*FOREIGN, *picolibc.math_include_flags()]
    runtime = runtime_sources(engine, profile=profile)
    own = [*OWN, *small, *(["-DRUNE_PROFILE"] if profile else [])]
    with_wasm3 = [path for path in runtime if path.name.startswith(("rune_engine_wasm3", "rune_wasm3_"))]
    return [
        ("runtime", [path for path in runtime if path not in with_wasm3], own),
        *(_wasm3_groups(with_wasm3, own) if engine == "wasm3" else []),
        ("math", sorted((common / "math").glob("*.c")), math),
        ("libm", [libm / name for name in LIBM_SOURCES], math),
        ("libc", [libc / name for name in LIBC_SOURCES], [*FOREIGN, "-fno-builtin"]),
    ]


def _wasm3_groups(with_wasm3: list[Path], own: list[str]) -> list[tuple[str, list[Path], list[str]]]:
    """Return the groups of wasm3 and of our files around it; its source is fetched where it is not cached yet."""
    place = wasm3.sources()
    return [
        ("engine", with_wasm3, [*own, "-isystem", str(place), "-include", "rune_wasm3_config.h"]),
        ("wasm3", [place / name for name in wasm3.SOURCES], [*WASM3, f"-I{place}"]),
    ]
