"""The reference system's own test files: what failed there fails here with its texts, what passed passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from runeflash.diagnostics import render
from runeflash.pipeline import load
from runeflash.pipeline.graph import CapabilityStage, ModelStage, ProcBlockStage
from runeflash.tensors import ElementType, TensorType

FAILING = [
    "image-is-required",
    "missing-input",
    "no-such-resource",
    "pipeline-is-required",
    "self-loop",
    "simple-loop",
    "str-is-not-a-type",
    "there-is-no-version-2",
    "unknown-model-format",
    "version-is-required",
]
PASSING = [
    "compile-pass/directories-are-zipped-when-used-for-models",
    "compile-pass/known-model-formats",
    "compile-pass/model-arguments-should-be-used",
    "compile-pass/models-with-multiple-inputs",
    "compile-pass/noop",
    "compile-pass/proc-block-with-multiple-inputs-and-outputs",
    "run-fail/missing-raw-capability",
    "run-pass/_gesture-slope",
    "run-pass/gesture-ring",
    "run-pass/microspeech-down",
    "run-pass/microspeech-up",
    "run-pass/model-from-resource",
    "run-pass/multiple-outputs",
    "run-pass/noop",
    "run-pass/proc-block-path-dependencies",
    "run-pass/resources-in-proc-block-args",
    "run-pass/sine",
]
# Those that need nothing that only the reference has: other images, model formats, models that do not fit.
BUILDABLE = [
    "compile-pass/noop",
    "compile-pass/proc-block-with-multiple-inputs-and-outputs",
    "run-fail/missing-raw-capability",
    "run-pass/gesture-ring",
    "run-pass/model-from-resource",
    "run-pass/multiple-outputs",
    "run-pass/noop",
    "run-pass/proc-block-path-dependencies",
    "run-pass/sine",
]


def test_no_case_is_forgotten(fixtures: Path) -> None:
    suite = fixtures / "rune-suite"
    found = {str(path.parent.relative_to(suite)) for path in suite.glob("*/*/Runefile.yml")}
    assert found == {f"compile-fail/{name}" for name in FAILING} | set(PASSING)


@pytest.mark.parametrize("name", FAILING)
def test_compile_fail(fixtures: Path, name: str) -> None:
    folder = fixtures / "rune-suite" / "compile-fail" / name
    source, pipeline, diagnostics = load(folder / "Runefile.yml", strict=name == "version-is-required")
    assert pipeline is None
    assert diagnostics.has_errors
    stream = "\n".join(render(item, source) for item in diagnostics.in_order())
    expected = list(folder.glob("*.stderr"))
    assert expected
    for path in expected:
        assert path.read_text().strip() in stream


@pytest.mark.parametrize("name", PASSING)
def test_compile_pass(fixtures: Path, name: str) -> None:
    folder = fixtures / "rune-suite" / name
    source, pipeline, diagnostics = load(folder / "Runefile.yml")
    stream = "\n".join(render(item, source) for item in diagnostics.in_order())
    assert pipeline is not None, stream
    assert pipeline.name == folder.name
    if name.startswith("compile-pass"):
        for path in folder.glob("*.stderr"):
            assert path.read_text().strip() in stream


@pytest.mark.parametrize("name", PASSING)
def test_what_a_build_takes(fixtures: Path, name: str) -> None:
    _, pipeline, diagnostics = load(fixtures / "rune-suite" / name / "Runefile.yml", for_build=True)
    if name in BUILDABLE:
        assert pipeline is not None
    if name.startswith("compile-pass") and name not in BUILDABLE:
        assert pipeline is None
        assert diagnostics.has_errors


def test_gesture_in_full(fixtures: Path) -> None:
    _, pipeline, diagnostics = load(
        fixtures / "rune-suite" / "run-pass" / "gesture-ring" / "Runefile.yml", for_build=True, strict=True
    )
    assert pipeline is not None, list(diagnostics)
    assert [stage.name for stage in pipeline.stages] == [
        "accelerometer",
        "normalize",
        "gesture",
        "most_confident_index",
        "label",
        "serial",
    ]
    accelerometer, normalize, gesture, most_confident, label, _ = pipeline.stages
    assert isinstance(accelerometer, CapabilityStage)
    assert dict(accelerometer.parameters) == {"n": 128}
    assert accelerometer.output == TensorType(ElementType.F32, (1, 128, 3, 1))
    assert isinstance(normalize, ProcBlockStage)
    assert normalize.block.is_built_in
    assert isinstance(gesture, ModelStage)
    assert gesture.file == "./model.tflite"
    assert gesture.data[4:8] == b"TFL3"
    assert isinstance(most_confident, ProcBlockStage)
    assert most_confident.arguments == {"count": 1}
    assert isinstance(label, ProcBlockStage)
    assert label.arguments == {"wordlist": ("Wing", "Ring", "Slope", "Unknown")}
    assert label.text_bytes == (7,)


def test_the_seed_document(fixtures: Path) -> None:
    source, pipeline, diagnostics = load(fixtures / "seeds" / "Runefile.yml", for_build=True)
    assert pipeline is not None
    # The model really has [1, 1], and there is no folder called identity.
    assert [item.code for item in diagnostics.in_order()] == ["RF109", "RF503", "RF503", "RF405"]
    _, strict, found = load(fixtures / "seeds" / "Runefile.yml", strict=True)
    assert strict is None
    assert "missing field `version`" in "\n".join(render(item, source) for item in found)


def test_every_example_of_the_last_version(fixtures: Path) -> None:
    paths = sorted(fixtures.glob("rune-examples/v0.11.3/*/Runefile.yml"))
    assert len(paths) == 6
    for path in paths:
        _, pipeline, diagnostics = load(path)
        assert pipeline is not None, (path, list(diagnostics))


# What is wrong with historic files apart from the models, which are not there.
HISTORIC_CODES = {"RF301", "RF404"}


def test_historic_files(fixtures: Path) -> None:
    paths = sorted(fixtures.glob("runefile-history/yaml/*.yml"))
    assert len(paths) == 39
    for path in paths:
        _, _, diagnostics = load(path)
        codes = {item.code for item in diagnostics if item.severity.value == "error"}
        if "compile-fail" in path.name:
            assert codes
        elif "abi-v1" in path.name:
            assert codes - HISTORIC_CODES == {"RF403"}
        elif "microspeech" in path.name or "gesture" in path.name or "person" in path.name:
            # Blocks of versions before, with arguments and types that the ones of today do not have.
            assert codes <= HISTORIC_CODES | {"RF408", "RF507", "RF506"}, path
        else:
            assert codes <= HISTORIC_CODES, path
