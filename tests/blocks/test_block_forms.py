"""Blocks of several forms: which one the declared outputs choose, and what a manifest may not say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runeflash.blocks import library, read_block
from runeflash.blocks.signature import bind
from runeflash.errors import UserError
from runeflash.resources import folder
from runeflash.tensors import ElementType, TensorType


def test_the_outputs_choose_the_form() -> None:
    fft, label = library.load("fft"), library.load("label")
    assert fft.form([ElementType.U32]) is fft
    assert fft.form([None]) is fft
    assert fft.form([ElementType.F64]) is fft  # no form has it: the block itself says so
    assert [form.folder.name for form in (fft.form([ElementType.U8]), fft.form([ElementType.I8]))] == ["linear"] * 2
    assert label.form([ElementType.UTF8]) is label
    best = label.form([ElementType.F32, ElementType.UTF8])
    assert (best.name, best.folder.name) == ("label", "best")
    assert label.form([None, None]) is best
    assert label.form([ElementType.UTF8, ElementType.F32]) is label


def test_a_form_that_is_wrong_is_an_error_of_the_block(tmp_path: Path) -> None:
    place = tmp_path / "label"
    shutil.copytree(folder("proc_blocks") / "label", place)
    (place / "best" / "block.yaml").write_text("summary: 1\nforms: [more]\n")
    with pytest.raises(UserError, match="best") as failure:
        read_block(place, is_built_in=False)
    assert 'has no key "forms"' in failure.value.message
    shutil.rmtree(place / "best")
    with pytest.raises(UserError, match=r"has no label\.c"):
        read_block(place, is_built_in=False)


def test_a_scalar_is_a_tensor_of_one_element() -> None:
    given = [TensorType(ElementType.U8, (4,))]
    for shape, problems in (((), 0), ((1,), 0), ((1, 1), 1), ((2,), 1)):
        declared = [TensorType(ElementType.UTF8, shape)]
        bound = bind(library.load("ohv_label"), given, declared, {"labels": ("a",), "unknown_label": ""})
        assert len(bound.problems) == problems
