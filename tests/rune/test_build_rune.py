"""The rune: deterministic bytes, exact memory, the binary interface, and its limits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runeflash.errors import ToolError, UserError
from runeflash.pipeline import load
from runeflash.resources import folder
from runeflash.rune import Rune, build_rune, limits, read_rune
from runeflash.rune.abi import IMPORTS
from runeflash.rune.wasm import Module, custom_section, read_module
from runeflash.toolchain import cache

PIPELINE = """
version: 1
image: runicos/base
pipeline:
  rand:
    capability: RAND
    outputs: [{type: f32, dimensions: [2, 3]}]
  wrap:
    proc-block: modulo
    inputs: [rand]
    args: {modulus: 2.5}
  best:
    proc-block: most_confident_indices
    inputs: [scaled]
    outputs: [{type: u32, dimensions: [2]}]
    args: {count: 2}
  flat:
    capability: RAW
    outputs: [{type: f32, dimensions: [6]}]
  scaled:
    proc-block: normalize
    inputs: [flat]
  names:
    proc-block: label
    inputs: [best]
    args: {wordlist: $WORDS}
  all:
    out: serial
    inputs: [wrap, names]
resources:
  WORDS: {inline: "a\\nbé\\n\\"c\\"\\nd\\ne\\nf", type: string}
"""


def build(path: Path, text: str = PIPELINE) -> Rune:
    path.mkdir(exist_ok=True)
    (path / "Runefile.yml").write_text(text)
    _, pipeline, diagnostics = load(path / "Runefile.yml", for_build=True)
    assert pipeline is not None, [item.message for item in diagnostics]
    return build_rune(pipeline)


@pytest.fixture(scope="module")
def rune(tmp_path_factory: pytest.TempPathFactory) -> Rune:
    return build(tmp_path_factory.mktemp("x") / "words")


def test_the_same_input_gives_the_same_bytes_anywhere(
    rune: Rune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder, and a cache in which nothing is found."""
    monkeypatch.setenv(cache.ENVIRONMENT_VARIABLE, str(tmp_path / "another-cache"))
    assert build(tmp_path / "words").data == rune.data


def test_the_binary_interface(rune: Rune) -> None:
    module = read_module(rune.data)
    assert {item.name for item in module.exports} == {"memory", "_manifest", "_call"}
    assert {item.name for item in module.imports} <= set(IMPORTS)
    assert {item.module for item in module.imports} == {"env"}
    minimum, maximum = module.memory_limits or (0, 0)
    assert minimum == maximum == 1
    assert all(instruction.opcode != 0x40 for body in module.bodies for instruction in body)


def test_the_memory_is_exact(rune: Rune) -> None:
    memory = rune.memory
    assert memory.total == memory.stack + memory.data + memory.arena
    assert memory.total % 16 == 0
    assert 0 < memory.stack < 1024
    # rand and wrap, then wrap, flat and scaled, ... : never all tensors at once
    assert 24 * 3 <= memory.arena < 400


def test_sections(rune: Rune) -> None:
    names = [name for name, _ in read_module(rune.data).custom_sections]
    assert names == [
        ".rune_version",
        ".rune_graph",
        ".rune_resource",
        ".rune_model",
        ".runeflash_blocks",
        ".runeflash",
    ]
    assert rune.resources == (("WORDS", 'a\nbé\n"c"\nd\ne\nf'.encode()),)
    assert [name for name, _ in read_module(rune.stripped()).custom_sections] == [".rune_resource", ".runeflash"]
    graph = json.loads(read_module(rune.data).custom(".rune_graph") or b"")
    assert graph["rune"] == {"name": "words"}
    assert graph["capabilities"]["rand"]["kind"] == {"type": "random"}
    assert graph["proc-blocks"]["wrap"]["args"] == {"modulus": "2.5"}
    (tensor,) = graph["proc-blocks"]["names"]["outputs"]
    assert graph["tensors"][tensor] == {"element_type": "String", "dimensions": [2]}


def test_wasm_validate_accepts_both_forms(rune: Rune, tmp_path: Path) -> None:
    for data in (rune.data, rune.stripped()):
        (tmp_path / "a.wasm").write_bytes(data)
        subprocess.run([Path(sys.executable).parent / "wasm-validate", tmp_path / "a.wasm"], check=True)


def test_reading_back(rune: Rune) -> None:
    assert read_rune(rune.data, "words.rune") == rune


@given(st.data())
@settings(max_examples=300)
def test_damage_is_an_error_or_harmless(rune: Rune, data: st.DataObject) -> None:
    damaged = bytearray(rune.data)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    try:
        read_rune(bytes(damaged), "damaged.rune")
    except UserError as error:
        assert "damaged.rune" in error.message


def test_no_models_hash_can_be_changed(tmp_path: Path, fixtures: Path) -> None:
    source = fixtures / "rune-suite" / "run-pass" / "sine"
    _, pipeline, _ = load(source / "Runefile.yml", for_build=True)
    assert pipeline is not None
    rune = build_rune(pipeline)
    (model,) = rune.models
    place = rune.data.index(model.data)
    damaged = bytearray(rune.data)
    damaged[place + 100] ^= 1
    with pytest.raises(UserError, match="do not have the hashes"):
        read_rune(bytes(damaged), "sine.rune")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNE_MAX_HANDLES", limits.MAX_HANDLES),
        ("RUNE_MAX_CAPABILITIES", limits.MAX_CAPABILITIES),
        ("RUNE_MAX_DIMENSIONS", limits.MAX_DIMENSIONS),
        ("RUNE_MAX_MODEL_TENSORS", limits.MAX_MODEL_TENSORS),
    ],
)
def test_the_limits_are_those_of_the_runtime(name: str, value: int) -> None:
    texts = "".join(path.read_text() for path in (folder("targets") / "common").glob("*.h"))
    assert re.findall(rf"#define {name} (\d+)", texts) == [str(value)]


def test_too_many_capabilities(tmp_path: Path) -> None:
    count = limits.MAX_CAPABILITIES + 1
    stages = "".join(f"  c{i}: {{capability: RAND, outputs: [{{type: u8, dimensions: [1]}}]}}\n" for i in range(count))
    inputs = ", ".join(f"c{i}" for i in range(count))
    text = f"version: 1\nimage: runicos/base\npipeline:\n{stages}  o: {{out: serial, inputs: [{inputs}]}}\n"
    with pytest.raises(UserError, match="has 7 capabilities; the runtime has room for 6"):
        build(tmp_path / "many", text)


LOCAL = """
version: 1
image: runicos/base
pipeline:
  a: {capability: RAW, outputs: [{type: u8, dimensions: [4]}]}
  mine: {proc-block: ./mine, inputs: [a]}
  o: {out: serial, inputs: [mine]}
"""


def local_block(place: Path, body: str) -> None:
    (place / "mine").mkdir(parents=True)
    (place / "mine" / "block.yaml").write_text(
        "summary: A block of the user's own.\n"
        "inputs: [{name: x, types: numeric, shape: any}]\n"
        "outputs: [{name: y, types: same as x, shape: same as x}]\n"
    )
    (place / "mine" / "mine.c").write_text(
        '#include "rune_proc_block.h"\n\nvoid RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {\n'
        + body
        + "}\n"
    )


def test_an_error_in_a_local_block_is_shown_at_its_own_line(tmp_path: Path, runeflash) -> None:
    local_block(tmp_path, "    not_c;\n")
    (tmp_path / "Runefile.yml").write_text(LOCAL)
    done = runeflash("run", cwd=tmp_path)
    assert done.returncode == 1  # no --raw: nothing is compiled in vain
    (tmp_path / "a.bin").write_bytes(b"\1\2\3\4")
    done = runeflash("run", "--raw", "a.bin", cwd=tmp_path)
    assert done.returncode == 3
    assert "compiling the proc block of the stage mine failed" in done.stderr
    assert "mine/mine.c:4:5: error" in done.stderr


def test_a_local_block(tmp_path: Path, runeflash) -> None:
    body = "    const rune_input0 *x = in[0].data;\n    rune_output0 *y = out[0].data;\n"
    body += "    for (uint32_t i = 0; i < RUNE_INPUT0_COUNT; i++) y[i] = (rune_output0)(x[i] * 2);\n"
    local_block(tmp_path, body)
    (tmp_path / "Runefile.yml").write_text(LOCAL)
    (tmp_path / "a.bin").write_bytes(b"\1\2\3\4")
    done = runeflash("run", "--raw", "a.bin", cwd=tmp_path)
    assert done.stdout == '{"channel":1,"dimensions":[4],"elements":[2,4,6,8],"type_name":"u8"}\n', done.stderr


def test_recursion_in_a_block_is_refused(tmp_path: Path) -> None:
    local_block(tmp_path, "    (void)in; (void)out;\n")
    source = tmp_path / "mine" / "mine.c"
    recursive = (
        "static uint32_t down(volatile uint32_t *n) {\n"
        "    volatile uint32_t m = *n - 1; return *n ? down(&m) + m : 0;\n}\n"
    )
    text = source.read_text().replace("void RUNE", recursive + "void RUNE")
    source.write_text(
        text.replace(
            "(void)in; (void)out;", "volatile uint32_t n = 5; *(uint8_t *)out[0].data = (uint8_t)down(&n); (void)in;"
        )
    )
    with pytest.raises(UserError, match="calls itself"):
        build(tmp_path, LOCAL)


def test_a_block_that_wants_more_of_the_world_does_not_link(tmp_path: Path) -> None:
    local_block(tmp_path, "    extern void launch(void *); launch(out); (void)in;\n")
    with pytest.raises(ToolError, match="launch"):
        build(tmp_path, LOCAL)


@pytest.mark.parametrize(
    "content",
    [b"5", b"[5]", b'[{"stage": "a"}]', b"{", b'[{"stage":1,"block":"b","variables":1,"tables":1,"texts":1}]'],
)
def test_a_damaged_list_of_blocks(rune: Rune, content: bytes) -> None:
    module = read_module(rune.data)
    sections = [section for section in module.sections if b".runeflash_blocks" not in section.payload[:20]]
    changed = Module((*sections, custom_section(".runeflash_blocks", content))).to_bytes()
    with pytest.raises(UserError, match="damaged"):
        read_rune(changed, "x.rune")
    assert read_rune(Module(tuple(sections)).to_bytes(), "x.rune").blocks == ()
