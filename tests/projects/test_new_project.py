"""New projects: in either dialect, every template works as it comes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from runeflash.errors import InternalError, UserError
from runeflash.pipeline import Pipeline, load
from runeflash.projects import TEMPLATES, Dialect, create_project
from runeflash.projects.dockerfile_text import write_dockerfile_text

needs_dialect = pytest.mark.skipif(
    importlib.util.find_spec("runeflash.runefile.dockerfile_syntax") is None,
    reason="the Dockerfile-like dialect cannot be read yet",
)


def loaded(path: Path) -> Pipeline:
    _, pipeline, diagnostics = load(path, for_build=True)
    assert pipeline is not None
    assert [item.message for item in diagnostics] == []
    return pipeline


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_has_no_warnings(name: str, tmp_path: Path) -> None:
    files = create_project(tmp_path / "new", TEMPLATES[name], Dialect.YAML)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == files
    loaded(tmp_path / "new" / "Runefile.yml")
    option = TEMPLATES[name].inputs.split()
    assert option[0] == "--random" or option[1] in files


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_dockerfile_dialect_has_every_stage(name: str, tmp_path: Path) -> None:
    create_project(tmp_path / "yaml", TEMPLATES[name], Dialect.YAML)
    files = create_project(tmp_path / "new", TEMPLATES[name], Dialect.DOCKERFILE)
    assert "Runefile" in files
    assert "Runefile.yml" not in files
    statements = [
        line for line in (tmp_path / "new" / "Runefile").read_text().splitlines() if line and not line.startswith("#")
    ]
    stages = [stage.name for stage in loaded(tmp_path / "yaml" / "Runefile.yml").stages]
    assert statements[0] == "FROM runicos/base"
    assert statements[-1] == f"RUN {' '.join(stages)}"
    assert len(statements) == len(stages) + 2


def test_the_gesture_template_in_the_dockerfile_dialect(tmp_path: Path) -> None:
    create_project(tmp_path / "new", TEMPLATES["gesture"], Dialect.DOCKERFILE)
    text = (tmp_path / "new" / "Runefile").read_text()
    assert "\nCAPABILITY<F32[1, 128, 3, 1]> accelerometer ACCEL --n=128 --hz=25\n" in text
    assert "\nMODEL<F32[1, 128, 3, 1], F32[1, 4]> gesture ./model.tflite\n" in text
    assert "\nPROC_BLOCK<U32[1], UTF8[1]> label label --wordlist=Wing,Ring,Slope,Unknown\n" in text
    assert "\n# A line of JSON on the serial port.\nOUT serial\n" in text


@needs_dialect
@pytest.mark.parametrize("name", TEMPLATES)
def test_both_dialects_mean_the_same(name: str, tmp_path: Path) -> None:
    for folder, dialect in (("one", Dialect.YAML), ("two", Dialect.DOCKERFILE)):
        create_project(tmp_path / folder / "demo", TEMPLATES[name], dialect)
    one = loaded(tmp_path / "one" / "demo" / "Runefile.yml")
    two = loaded(tmp_path / "two" / "demo" / "Runefile")
    assert two.stages == one.stages
    assert two.resources == one.resources
    assert (two.image, two.declared) == (one.image, one.declared)


def test_values_that_need_quotes(tmp_path: Path) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_text(
        "version: 1\nimage: runicos/base\npipeline:\n  in: {capability: RAW, outputs: [{type: u8, dimensions: [1]}]}\n"
        "  label: {proc-block: label, inputs: [in], args: {labels: ['a b', 'c\"d']}}\n"
        "  serial: {out: serial, inputs: [label]}\n"
    )
    source, pipeline, _ = load(path)
    assert pipeline is not None
    assert '--wordlist="a b\\nc\\"d"' in write_dockerfile_text(pipeline, source)


def test_what_is_no_chain_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Runefile.yml"
    path.write_text(
        "version: 1\nimage: runicos/base\npipeline:\n  in: {capability: RAW, outputs: [{type: u8, dimensions: [1]}]}\n"
        "  serial: {out: serial, inputs: [in, in]}\n"
    )
    source, pipeline, _ = load(path)
    assert pipeline is not None
    with pytest.raises(InternalError):
        write_dockerfile_text(pipeline, source)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(UserError, match="exists already"):
            create_project(tmp_path / name, TEMPLATES["sine"], Dialect.YAML)
    with pytest.raises(UserError):
        create_project(tmp_path / "file" / "below", TEMPLATES["sine"], Dialect.YAML)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    create_project(tmp_path / "empty", TEMPLATES["sine"], Dialect.YAML)


def test_command(runeflash: Any, tmp_path: Path) -> None:
    done = runeflash("new", "sine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2:] == [
        "  cd sine",
        "  runeflash check",
        "  runeflash run --raw input.bin",
        "  runeflash build --board nano33ble",
    ]
    assert (tmp_path / "sine" / "input.bin").is_file()
    assert runeflash("check", cwd=tmp_path / "sine").returncode == 0
    assert runeflash("new", "sine").returncode == 1
    assert runeflash("new", "other", "--template", "emtpy").returncode == 2
    assert runeflash("new", "other", "--dialect", "json").returncode == 2
    assert not (tmp_path / "other").exists()
    done = runeflash("new", "other", "--template", "empty")
    assert done.returncode == 0
    done = runeflash("run", "--random", "1", cwd=tmp_path / "other")
    assert done.returncode == 0, done.stderr
    assert '"type_name":"u8"' in done.stdout
