"""The JSON schema: current, valid itself, and of one mind with ``check`` as far as a schema can be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from runefile_checking import HEADER, Check

from runeflash import diagnostic_codes as codes
from runeflash.blocks import Outcome, library, resolve
from runeflash.diagnostics import Severity
from runeflash.pipeline import load
from runeflash.pipeline.schema import block_path_pattern, runefile_schema

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = PROJECT / "runeflash" / "runefile" / "runefile.schema.json"
SHARED = PROJECT.parent / "shared" / "fixtures"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = runefile_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_file_is_current() -> None:
    """Made by: runeflash schema > runeflash/runefile/runefile.schema.json."""
    assert json.loads(SCHEMA_FILE.read_text()) == runefile_schema()


def test_the_command_prints_the_file(runeflash: Any) -> None:
    done = runeflash("schema")
    assert done.returncode == 0
    assert done.stdout == SCHEMA_FILE.read_text()


#: Errors that are in what a file refers to, not in the file: old Runefiles whose models were not kept.
BESIDES_THE_TEXT = {codes.UNREADABLE_FILE, codes.DAMAGED_MODEL, codes.UNKNOWN_BLOCK}


def runefiles() -> list[Path]:
    return [
        *sorted((PROJECT / "examples").glob("*/Runefile.yml")),
        *sorted(SHARED.glob("**/Runefile*.yml")),
        *sorted(SHARED.glob("runefile-history/yaml/*.yml")),
    ]


@pytest.mark.parametrize("path", runefiles(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_passes_check_is_valid(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    _, _, diagnostics = load(path)
    errors = {item.code for item in diagnostics if item.severity is Severity.ERROR}
    if errors - BESIDES_THE_TEXT:
        pytest.skip("it does not pass check")
    errors = [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))]
    assert errors == []


@pytest.mark.parametrize(
    "name",
    ["image-is-required", "pipeline-is-required", "there-is-no-version-2", "str-is-not-a-type", "unknown-model-format"],
)
def test_what_a_schema_can_see_is_not(name: str, fixtures: Path, validator: jsonschema.Draft202012Validator) -> None:
    text = (fixtures / "rune-suite" / "compile-fail" / name / "Runefile.yml").read_text()
    assert not validator.is_valid(yaml.safe_load(text))


START = """
pipeline:
  in:
    capability: RAW
    outputs: [{type: f32, dimensions: [4]}]
"""
GOOD = [
    "pipeline: {}",
    "pipeline: {a: {capability: sound, args: {hz: '16000', sample-duration-ms: 1000, source: 0}}}",
    "pipeline: {a: {capability: SOUND, args: {frequency: 8000, sample_duration: 0.5}}}",
    "pipeline: {a: {capability: Image, outputs: [{type: U8, dimensions: [8, 8]}], "
    "args: {pixel-format: '@PixelFormat::Grayscale'}}}",
    "pipeline: {a: {capability: ACCEL, args: {n: '@64*2'}}}",
    START + "  b: {proc-block: modulo, inputs: [in], args: {modulus: 3}}\n  c: {out: serial, inputs: [b.0]}",
    START + "  b: {proc-block: hotg-ai/proc-blocks@v1#normalize, inputs: [in], outputs: _}\n"
    "  c: {out: Tensor, inputs: [b]}",
    START + "  b: {proc-block: most_confident_indices, inputs: [in], args: {count: 2}}\n"
    "  c: {proc-block: label, inputs: [b], args: {labels: [a, b, c, d]}}",
    START + "  b: {output: serial, inputs: [in], nonsense: 1}",
    START + "  c: {out: serial, inputs: [in]}\nresources: {A: {inline: x}, B: null}\nunknown: 3",
]
BAD = [
    "pipeline: []",
    "pipeline: {1a: {capability: RAND, outputs: [{type: u8}]}}",
    "pipeline: {a: 3}",
    "pipeline: {a: {inputs: []}}",
    "pipeline: {a: {capability: SOUNDS}}",
    "pipeline: {a: {capability: SOUND, args: {hertz: 3}}}",
    "pipeline: {a: {capability: SOUND, args: {hz: true}}}",
    "pipeline: {a: {capability: SOUND, args: {hz: -1}}}",
    "pipeline: {a: {capability: SOUND, args: {hz: fast}}}",
    "pipeline: {a: {capability: RAW, outputs: [{type: f32, dimensions: [0]}]}}",
    "pipeline: {a: {capability: RAW, outputs: [{type: f31, dimensions: [1]}]}}",
    "pipeline: {a: {capability: RAW, outputs: [{dimensions: [1]}]}}",
    "pipeline: {a: {capability: RAW, outputs: [{type: u8, dimensions: [1,1,1,1,1,1,1,1,1]}]}}",
    START + "  b: {proc-block: modulo, inputs: [in], args: {modulos: 3}}",
    START + "  b: {proc-block: modulo, inputs: [in, in], args: {modulus: 3}}",
    START + "  b: {proc-block: label, inputs: [in]}",
    START + "  b: {out: BLE, inputs: [in]}",
    START + "  b: {out: serial, inputs: ['a b']}",
    START + "  b: {out: serial, capability: RAND, inputs: [in]}",
    START + "resources: {A: {inline: x, path: y}}",
    START + "resources: {A: {inlin: x}}",
]


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(text: str, check: Check, validator: jsonschema.Draft202012Validator) -> None:
    assert check(text).errors == []
    assert [error.message for error in validator.iter_errors(yaml.safe_load(HEADER + text))] == []


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(text: str, check: Check, validator: jsonschema.Draft202012Validator) -> None:
    assert check(text).errors
    assert not validator.is_valid(yaml.safe_load(HEADER + text))


def test_the_pattern_of_a_block_matches_what_means_it(tmp_path: Path) -> None:
    for name in library.names():
        dashed = name.replace("_", "-")
        for path in (
            name,
            dashed,
            f"hotg-ai/{dashed}",
            f"{name}@1.0",
            f"hotg-ai/rune#proc_blocks/{name}",
            f"hotg-ai/proc-blocks@v0.11.3#{dashed}",
            f"hotg-ai/rune-{dashed}-proc-block",
        ):
            assert re.search(block_path_pattern(name), path), path
            found = resolve(path, tmp_path)
            assert (found.outcome, found.name) == (Outcome.BUILT_IN, name), path
        for path in (f"./{name}", f"someone/{name}", f"{name}s", f"https://example.org/{name}"):
            assert not re.search(block_path_pattern(name), path), path
            assert resolve(path, tmp_path).outcome is not Outcome.BUILT_IN


def test_every_definition_is_used_and_there() -> None:
    schema = runefile_schema()
    used = set(re.findall(r'"#/\$defs/([\w-]+)"', json.dumps(schema)))
    assert used == set(schema["$defs"])
