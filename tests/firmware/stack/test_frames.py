"""Frames and calls of linked code: what gcc says of its own frames, and programs whose stack is known."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from runeflash.errors import InternalError
from runeflash.firmware import flags
from runeflash.firmware.stack.call_graph import CallGraph, read_call_graph
from runeflash.firmware.stack.frames import read_code
from runeflash.resources import folder


def link(sources: list[Path], place: Path, toolchain: str, *more: str) -> Path:
    """Compile and link for a Cortex-M4F; with gcc, what is not defined stays so."""
    tools = flags.firmware_tools(toolchain, "cortex-m4", "fpv4-sp-d16")
    includes = [f"-I{path}" for path in flags.include_folders()] + flags.libc_includes()
    objects = []
    for source in sources:
        output = place / f"{source.stem}.o"
        command = [*shlex.split(tools.compiler), *tools.machine, *flags.SEMANTICS, *flags.OWN, *more, *includes]
        run([*command, "-c", source, "-o", output])
        objects.append(output)
    elf = place / "program.elf"
    command = [*shlex.split(tools.compiler), *tools.machine, *tools.link, "-Wl,-e,entry", *objects]
    run([*command, *(["-Wl,--unresolved-symbols=ignore-all"] if toolchain == "gcc" else []), "-o", elf])
    return elf


def run(command: list[str | Path]) -> None:
    done = subprocess.run(
        [str(word) for word in command], env=flags.tool_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def graph_of(text: str, place: Path, toolchain: str) -> CallGraph:
    source = place / "program.c"
    source.write_text(text)
    elf = link([source], place, toolchain)
    return read_call_graph(elf, read_code(elf), {})


def test_frames_are_those_that_gcc_reports(tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    sources = [path for path in flags.runtime_sources("aot") if "protect" not in path.name]
    sources += [path for path in folder("targets").glob("*/drivers/*.c") if "nrf52840" in path.name]
    family = folder("targets") / "arduino"
    places = [f"-I{family / name}" for name in ("drivers", "startup")]
    elf = link(sources, tmp_path, "gcc", "-fstack-usage", "-DRUNE_SERIAL_BAUD=1000000", *places)
    code = read_code(elf)
    names = Counter(function.name for function in code.functions.values())
    compared = 0
    for report in tmp_path.glob("*.su"):
        for line in report.read_text().splitlines():
            place, size, kind = line.split("\t")
            name = place.rsplit(":", 1)[1]
            function = code.named(name)
            if kind != "static" or function is None or names[name] > 1:
                continue
            assert function.problem is None, name
            # gcc does not count the arguments in registers that a function with `...` puts beside those on the stack.
            saved = 12 if name == "rune_failure_set" else 0
            assert function.frame == int(size) + saved, name
            compared += 1
    assert compared > 100


KNOWN = """
__attribute__((noinline)) static int leaf(int n) { volatile char room[100]; room[n] = 1; return room[n]; }
__attribute__((noinline)) static int middle(int n) { volatile char room[200]; room[n] = 1; return leaf(n) + room[n]; }
int entry(int n);
int entry(int n) { return middle(n) + leaf(n + 1); }
"""


def test_the_deepest_way_is_found(toolchain: str, tmp_path: Path) -> None:
    depth = graph_of(KNOWN, tmp_path, toolchain).named("entry")
    assert depth.path == ("entry", "middle", "leaf")
    assert 300 < depth.bytes < 360


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "int entry(int n); __attribute__((noinline)) static int other(int n) { return entry(n - 1) + n; }\n"
            "int entry(int n) { volatile int kept = n; return kept > 0 ? other(n) + kept : 0; }",
            "has no bound",
        ),
        ("int entry(int (*next)(int)); int entry(int (*next)(int)) { return next(1) + 1; }", "through a pointer"),
        (
            'void use(char *); int entry(int n); void use(char *p) { (void)p; __asm__ volatile("" :: "r"(p)); }\n'
            "int entry(int n) { char room[n]; use(room); return n; }",
            "by what is not fixed",
        ),
    ],
)
def test_what_has_no_bound_is_an_error(text: str, words: str, toolchain: str, tmp_path: Path) -> None:
    graph = graph_of(text, tmp_path, toolchain)
    with pytest.raises(InternalError, match=words):
        graph.named("entry")
