from __future__ import annotations

from pathlib import Path

import pytest

from runeflash.blocks import Outcome, resolve

MANIFEST = (
    "summary: s\ninputs: [{name: x, types: f32, shape: any}]\noutputs: [{name: y, types: f32, shape: same as x}]\n"
)


def add_block(folder: Path, manifest: str = MANIFEST) -> None:
    folder.mkdir(parents=True)
    (folder / "block.yaml").write_text(manifest)
    (folder / f"{folder.name.replace('-', '_')}.c").write_text("")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("modulo", "modulo"),
        ("modulo@1.0", "modulo"),
        ("most-confident-indices", "most_confident_indices"),
        ("rune-label-proc-block", "label"),
        ("hotg-ai/rune#proc_blocks/modulo", "modulo"),
        ("hotg-ai/rune@v0.10.0#proc-blocks/most-confident-indices", "most_confident_indices"),
        ("hotg-ai/proc-blocks@refs/heads/master#label", "label"),
        ("hotg-ai/proc-blocks@v0.11.3#modulo", "modulo"),
        ("hotg-ai/normalize", "normalize"),
        ("https://github.com/hotg-ai/rune@v1.0#proc_blocks/modulo", "modulo"),
        ("https://github.com/hotg-ai/proc-blocks.git#label", "label"),
    ],
)
def test_paths_of_built_in_blocks(tmp_path: Path, path: str, name: str) -> None:
    found = resolve(path, tmp_path)
    assert found.outcome is Outcome.BUILT_IN
    assert found.block is not None
    assert found.block.name == found.name == name
    assert not found.message


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("hotg-ai/proc-blocks#tokenizers_nobody_has", Outcome.UNKNOWN_BUILT_IN),
        ("hotg-ai/rune", Outcome.UNKNOWN_BUILT_IN),
        ("nothing-of-that-name", Outcome.MISSING),
        ("./nothing", Outcome.MISSING),
        ("..", Outcome.MISSING),
        ("someone/modulo", Outcome.REPOSITORY),
        ("someone/else#modulo", Outcome.REPOSITORY),
        ("https://example.com/modulo", Outcome.REPOSITORY),
        ("https://example.com/hotg-ai/modulo", Outcome.REPOSITORY),
        ("hotg-ai-evil/modulo", Outcome.REPOSITORY),
        ("https://github.com.evil.example/hotg-ai/modulo", Outcome.REPOSITORY),
        ("wapm:///hotg-ai/modulo?version=0.11.3", Outcome.MALFORMED),
        ("", Outcome.MALFORMED),
        ("a b", Outcome.MALFORMED),
        ("#modulo", Outcome.MALFORMED),
        ("x" * 501, Outcome.MALFORMED),
        ("./" + "x" * 400, Outcome.MISSING),
    ],
)
def test_paths_of_no_block(tmp_path: Path, path: str, outcome: Outcome) -> None:
    found = resolve(path, tmp_path)
    assert found.outcome is outcome
    assert found.block is None
    assert found.message


def test_a_folder_beside_the_runefile(tmp_path: Path) -> None:
    add_block(tmp_path / "blocks" / "my-own")
    found = resolve("./blocks/my-own", tmp_path)
    assert found.outcome is Outcome.LOCAL
    assert found.block is not None
    assert found.block.name == "my_own"
    assert not found.block.is_built_in
    assert resolve("./blocks#my-own", tmp_path).outcome is Outcome.LOCAL


def test_a_folder_counts_before_the_built_in_block_of_its_name(tmp_path: Path) -> None:
    add_block(tmp_path / "identity")
    found = resolve("./identity", tmp_path)
    assert found.outcome is Outcome.LOCAL
    assert found.block is not None
    assert not found.block.is_built_in


def test_a_folder_that_does_not_exist_falls_back_to_a_built_in_block(tmp_path: Path) -> None:
    found = resolve("../examples/identity", tmp_path)
    assert found.outcome is Outcome.FALLBACK
    assert found.block is not None
    assert found.block.is_built_in
    assert found.message == 'There is no folder "../examples/identity", so the built-in proc block "identity" is used'


def test_a_folder_without_a_manifest_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    found = resolve("./identity", tmp_path)
    assert found.outcome is Outcome.MISSING
    assert "no block.yaml" in found.message


def test_a_wrong_manifest_is_reported_with_its_place(tmp_path: Path) -> None:
    add_block(tmp_path / "mine", "summary: [")
    found = resolve("./mine", tmp_path)
    assert found.outcome is Outcome.WRONG_MANIFEST
    assert "block.yaml:" in found.message


def test_a_misspelt_name_gets_a_hint(tmp_path: Path) -> None:
    assert resolve("modlo", tmp_path).hint == 'did you mean "modulo"?'
    assert resolve("hotg-ai/proc-blocks#lable", tmp_path).hint == 'did you mean "label"?'
