from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runeflash.blocks import library, read_block
from runeflash.blocks.manifest import Block, ShapePattern, Wildcard
from runeflash.blocks.signature import Place, bind, match_pattern
from runeflash.tensors import ElementType, TensorType

ONES, ANY, REST = Wildcard.ONES, Wildcard.ANY, Wildcard.REST


def f32(*dimensions: int) -> TensorType:
    return TensorType(ElementType.F32, dimensions)


def u32(*dimensions: int) -> TensorType:
    return TensorType(ElementType.U32, dimensions)


@pytest.mark.parametrize(
    ("items", "shape", "expected"),
    [
        (None, (), {}),
        (None, (2, 3), {}),
        ((2, "n"), (2, 5), {"n": 5}),
        ((2, "n"), (3, 5), None),
        ((2, "n"), (2,), None),
        (("n", "n"), (4, 4), {"n": 4}),
        (("n", "n"), (4, 5), None),
        ((ANY, 3), (9, 3), {}),
        ((ONES, "n", ONES), (4,), {"n": 4}),
        ((ONES, "n", ONES), (1, 1, 4, 1), {"n": 4}),
        ((ONES, "n", ONES), (1, 1), {"n": 1}),
        ((ONES, "n", ONES), (), {"n": 1}),
        ((ONES, "n", ONES), (2, 3), None),
        ((ONES, "n"), (4, 1), None),
        (("n", ONES), (4, 1), {"n": 4}),
        (("n", ONES), (1, 4), None),
        ((ONES, "h", "w"), (1, 1, 4), {"h": 1, "w": 4}),
        ((ONES, "h", "w"), (4,), {"h": 1, "w": 4}),
        ((REST, "c"), (7,), {"c": 7}),
        ((REST, "c"), (5, 6, 7), {"c": 7}),
        ((REST, "c"), (), None),
        (("a", REST, "c"), (5, 6, 7), {"a": 5, "c": 7}),
        (("a", REST, "c"), (5,), None),
        ((), (), {}),
        ((), (1,), None),
    ],
)
def test_shape_patterns(
    items: tuple[int | str | Wildcard, ...] | None, shape: tuple[int, ...], expected: dict[str, int] | None
) -> None:
    dimensions: dict[str, int] = {}
    assert match_pattern(ShapePattern(items), shape, dimensions) is (expected is not None)
    assert dimensions == (expected or {})


def test_names_hold_over_several_inputs_and_a_mismatch_binds_nothing() -> None:
    dimensions = {"n": 3}
    assert match_pattern(ShapePattern(("n", "m")), (3, 4), dimensions)
    assert dimensions == {"n": 3, "m": 4}
    assert not match_pattern(ShapePattern(("k", "n")), (9, 4), dimensions)
    assert dimensions == {"n": 3, "m": 4}


@given(st.lists(st.integers(1, 3), max_size=5))
def test_ones_around_a_vector_never_matter(shape: list[int]) -> None:
    dimensions: dict[str, int] = {}
    large = [size for size in shape if size > 1]
    matches = match_pattern(ShapePattern((ONES, "n", ONES)), shape, dimensions)
    assert matches is (len(large) <= 1)
    if matches:
        assert dimensions["n"] == (large[0] if large else 1)


def test_types_go_forwards() -> None:
    block = library.load("most_confident_indices")
    bound = bind(block, [f32(1, 4)], [None], {"count": 2})
    assert bound.outputs == (u32(2),)
    assert bound.dimensions == {"n": 4}
    assert not bound.problems


def test_types_go_backwards_where_they_are_the_same() -> None:
    bound = bind(library.load("modulo"), [None], [f32(2, 3)], {"modulus": 1.0})
    assert bound.inputs == (f32(2, 3),)
    bound = bind(library.load("label"), [None], [TensorType(ElementType.UTF8, (3,))], {})
    assert bound.inputs == (None,)


def test_variadic_ports_go_in_pairs() -> None:
    bound = bind(library.load("identity"), [f32(1), None, u32(3)], [None, f32(7), None], {})
    assert bound.inputs == (f32(1), f32(7), u32(3))
    assert bound.outputs == (f32(1), f32(7), u32(3))
    assert library.load("identity").output_count(3) == 3


def test_what_is_not_known_stays_open() -> None:
    bound = bind(library.load("most_confident_indices"), [None], [None], {})
    assert bound.inputs == (None,)
    assert bound.outputs == (None,)
    assert not bound.problems


@pytest.mark.parametrize(
    ("block", "inputs", "declared", "arguments", "place", "message"),
    [
        ("modulo", TensorType(ElementType.UTF8, (1,)), None, {}, Place.INPUT, "but found utf8"),
        (
            "modulo",
            f32(4),
            u32(4),
            {},
            Place.OUTPUT,
            "modulo gives f32, as its values is, but the declared output is u32",
        ),
        ("modulo", f32(4), f32(5), {}, Place.OUTPUT, "modulo gives f32[4], but the declared output is f32[5]"),
        (
            "most_confident_indices",
            f32(2, 3),
            None,
            {"count": 1},
            Place.INPUT,
            "This proc-block only works with 1D inputs, but found [2, 3]",
        ),
        (
            "most_confident_indices",
            f32(4),
            None,
            {"count": 5},
            Place.CHECK,
            "Unable to take the top 5 values from a 4-item input",
        ),
        (
            "most_confident_indices",
            f32(4),
            f32(1),
            {"count": 1},
            Place.OUTPUT,
            "most_confident_indices gives u32, but the declared output is f32",
        ),
    ],
)
def test_problems(
    block: str,
    inputs: TensorType,
    declared: TensorType | None,
    arguments: dict[str, int],
    place: Place,
    message: str,
) -> None:
    (problem,) = bind(library.load(block), [inputs], [declared], arguments).problems
    assert problem.place is place
    assert message in problem.message
    assert not problem.is_rank_only


def test_another_rank_is_a_problem_of_its_own() -> None:
    bound = bind(library.load("modulo"), [f32(1, 4)], [f32(4)], {"modulus": 1.0})
    (problem,) = bound.problems
    assert problem.is_rank_only
    assert bound.outputs == (f32(4),)


def make(tmp_path: Path, manifest: str) -> Block:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "made.c").write_text("")
    (folder / "block.yaml").write_text(manifest)
    return read_block(folder, is_built_in=False)


def test_two_inputs_of_one_type_and_a_calculated_output(tmp_path: Path) -> None:
    block = make(
        tmp_path,
        """
summary: s
inputs:
  - {name: a, types: numeric, shape: [n, 3]}
  - {name: b, types: same as a, shape: [n]}
outputs:
  - {name: c, types: [u8, f32], shape: [n * 2 + 1]}
""",
    )
    assert bind(block, [f32(4, 3), f32(4)], [None], {}).outputs == (TensorType(ElementType.U8, (9,)),)
    assert bind(block, [f32(4, 3), f32(4)], [f32(9)], {}).outputs == (f32(9),)
    (problem,) = bind(block, [f32(4, 3), u32(4)], [None], {}).problems
    assert problem.index == 1
    assert "the element type of a, f32, but found u32" in problem.message
    (problem,) = bind(block, [f32(4, 3), f32(5)], [None], {}).problems
    assert "'s b has the shape [n] with n = 4, but found [5]" in problem.message


def test_a_dynamic_output_may_be_declared_smaller(tmp_path: Path) -> None:
    block = make(
        tmp_path,
        """
summary: s
inputs: [{name: a, types: f32, shape: [n, 5]}]
outputs: [{name: c, types: f32, shape: [n, 6], dynamic: 0}]
""",
    )
    bound = bind(block, [f32(100, 5)], [f32(10, 6)], {})
    assert bound.outputs == (f32(10, 6),)
    assert bound.dynamic == (0,)
    assert not bound.problems
    assert bind(block, [f32(100, 5)], [f32(101, 6)], {}).problems
    assert bind(block, [f32(100, 5)], [f32(10, 5)], {}).problems


def test_an_impossible_size_is_a_problem(tmp_path: Path) -> None:
    block = make(
        tmp_path,
        "summary: s\ninputs: [{name: a, types: f32, shape: [n]}]\noutputs: [{name: c, types: f32, shape: [n - 1]}]\n",
    )
    (problem,) = bind(block, [f32(1)], [None], {}).problems
    assert "a dimension is 0" in problem.message


def test_text_bytes() -> None:
    label, identity = library.load("label"), library.load("identity")
    assert label.text_bytes(0, {"wordlist": ("a", "größe", "")}) == 7
    assert label.text_bytes(0, {"wordlist": ()}) == 0
    assert identity.text_bytes(1, {}, {}, [4, 9]) == 9
    assert identity.text_bytes(0, {}) is None
    assert library.load("modulo").text_bytes(0, {}) == 0
