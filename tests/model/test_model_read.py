"""Reading .tflite files: good ones are understood, damaged ones are refused with the place, none does harm."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest
from model_cases import conv_2d_case, fully_connected_case, softmax_case
from tflite_builder import ModelBuilder, fully_connected_options, reshape_options, softmax_options

from runeflash.errors import UserError
from runeflash.model import SignatureTensor, compile_model, read_signature
from runeflash.model.schema import DataType
from runeflash.tensors import ElementType, TensorType


def small_model() -> bytes:
    """Two layers, with weights."""
    builder = ModelBuilder()
    x = builder.tensor((1, 3), name="x")
    weights = builder.tensor((2, 3), [[1, 2, 3], [4, 5, 6]], name="weights")
    bias = builder.tensor((2,), [7, 8], name="bias")
    hidden = builder.tensor((1, 2), name="hidden")
    y = builder.tensor((1, 2), name="y")
    builder.operator("FULLY_CONNECTED", [x, weights, bias], [hidden], fully_connected_options())
    builder.operator("SOFTMAX", [hidden], [y], softmax_options())
    return builder.build([x], [y])


GOOD = [
    small_model(),
    conv_2d_case("conv", (1, 4, 4, 2), (3, 2, 2)).data,
    fully_connected_case("fc", (2, 3), 3, 2).data,
    softmax_case("softmax", (1, 4), 1.0).data,
]


def compile_or_refuse(data: bytes) -> None:
    """Both entry points succeed, or refuse with one readable line."""
    for use in (read_signature, lambda content: compile_model(content, name="m", symbol="m")):
        try:
            use(data)
        except UserError as error:
            assert error.message
            assert error.message.isprintable()


def test_signature() -> None:
    signature = read_signature(small_model())
    assert signature.inputs == (SignatureTensor("x", TensorType(ElementType.F32, (1, 3))),)
    assert signature.outputs == (SignatureTensor("y", TensorType(ElementType.F32, (1, 2))),)


def test_signature_keeps_the_order_of_the_subgraph() -> None:
    builder = ModelBuilder()
    tensors = [builder.tensor((i + 1,), name=f"t{i}", type=DataType.INT8) for i in range(4)]
    builder.operator("SPLIT", tensors[:2], tensors[2:])
    signature = read_signature(builder.build([tensors[1], tensors[0]], [tensors[3], tensors[2]]))
    assert [tensor.name for tensor in signature.inputs] == ["t1", "t0"]
    assert [tensor.name for tensor in signature.outputs] == ["t3", "t2"]


def test_signature_of_a_model_that_cannot_be_compiled() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 8), name="x", type=DataType.UINT8)
    inner = builder.tensor((0, -1), name="inner", type=DataType.COMPLEX64)
    y = builder.tensor((), name="y", type=DataType.BOOL)
    builder.operator("CUSTOM", [x], [inner], custom_name="Mystery")
    builder.operator(5000, [inner], [y], version=77)
    data = builder.build([x], [y], subgraphs=3)
    signature = read_signature(data)
    assert [str(tensor.type) for tensor in (*signature.inputs, *signature.outputs)] == ["u8[1, 8]", "u8"]
    with pytest.raises(
        UserError, match='operator 0 of the model \\(CUSTOM "Mystery"\\): this operator is not supported'
    ):
        compile_model(data, name="m", symbol="m")


def test_signature_is_quick_and_needs_no_numpy(fixtures: Path) -> None:
    code = (
        "import sys\n"
        "from runeflash.model import read_signature\n"
        "read_signature(open(sys.argv[1], 'rb').read())\n"
        "print(sorted(set(sys.modules) & {'numpy', 'jinja2', 'flatbuffers', 'unicorn'}))\n"
    )
    path = fixtures / "models" / "person_detect.tflite"
    printed = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
    data = path.read_bytes()
    start = time.perf_counter()
    read_signature(data)
    assert time.perf_counter() - start < 5  # 5 ms on an idle computer: only a guard against quadratic work


def test_every_fixture_has_a_signature(fixtures: Path) -> None:
    paths = sorted(fixtures.glob("**/*.tflite"))
    assert paths
    for path in paths:
        signature = read_signature(path.read_bytes())
        assert signature.inputs
        assert signature.outputs
        compile_or_refuse(path.read_bytes())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "only 0 bytes"),
        (b"\x08\x00\x00\x00TFL", "only 7 bytes"),
        (b"\x08\x00\x00\x00TFL2" + bytes(20), "not a TensorFlow Lite model"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a TensorFlow Lite model"),
        (b"\xff\xff\xff\xffTFL3" + bytes(20), "the model should lie at byte 4294967295"),
        (b"\x08\x00\x00\x00TFL3" + struct.pack("<i", -1000), "the vtable of the model should lie at byte 1008"),
    ],
)
def test_what_is_no_model(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_signature(data)


@pytest.mark.parametrize("data", GOOD, ids=range(len(GOOD)))
def test_every_truncation(data: bytes) -> None:
    for length in range(0, len(data), 3):
        with pytest.raises(UserError):
            compile_model(data[:length], name="m", symbol="m")


def test_a_byte_wrong_anywhere() -> None:
    data = bytearray(small_model())
    for position in range(len(data)):
        for value in (0x00, 0x01, 0x7F, 0x80, 0xFF):
            before, data[position] = data[position], value
            compile_or_refuse(bytes(data))
            data[position] = before


@hypothesis.settings(max_examples=300)
@hypothesis.given(
    st.sampled_from(GOOD),
    st.lists(
        st.tuples(
            st.integers(0, 10_000),
            st.one_of(st.binary(min_size=1, max_size=8), st.integers(-300, 300).map(lambda n: struct.pack("<i", n))),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_several_places_wrong(data: bytes, changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(data)
    for position, content in changes:
        start = position % len(damaged)
        damaged[start : start + len(content)] = content
    start_time = time.perf_counter()
    compile_or_refuse(bytes(damaged))
    assert time.perf_counter() - start_time < 10


@hypothesis.settings(max_examples=100)
@hypothesis.given(st.binary(max_size=200))
def test_noise_behind_the_identifier(noise: bytes) -> None:
    compile_or_refuse(b"\x08\x00\x00\x00TFL3" + noise)


def test_offsets_that_lead_to_the_same_bytes_again_and_again() -> None:
    builder = ModelBuilder()
    tensors = [builder.tensor((1,), name="x" * 50_000) for _ in range(2000)]  # one string, which all refer to
    data = builder.build([tensors[0]], [tensors[1]])
    assert len(data) < 300_000
    with pytest.raises(UserError, match="over and over"):
        read_signature(data)


def test_a_name_that_would_disturb_the_terminal_or_the_c_file() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, 2), name='\x1b[31m*/ #error "\n\\')
    y = builder.tensor((1, 2), name="y*/" + "z" * 500)
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    source = compile_model(builder.build([x], [y]), name='quo"te\\', symbol="m").source
    assert "\x1b" not in source
    assert "\n#error" not in source
    assert source.count("/*") == source.count("*/")
    builder.operator("ADD", [x], [x])
    with pytest.raises(UserError) as caught:
        compile_model(builder.build([x], [y]), name="m", symbol="m")
    assert caught.value.message.isprintable()


def refusal(builder: ModelBuilder, inputs: list[int], outputs: list[int]) -> str:
    with pytest.raises(UserError) as caught:
        compile_model(builder.build(inputs, outputs), name="m", symbol="m")
    return caught.value.message


def test_another_version_of_the_format() -> None:
    builder = ModelBuilder(version=2)
    x = builder.tensor((1,))
    assert "version 2 of the file format" in refusal(builder, [x], [x])


def test_no_outputs() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1,))
    assert "no outputs" in refusal(builder, [x], [])


def test_too_many_inputs() -> None:
    builder = ModelBuilder()
    tensors = [builder.tensor((1,)) for _ in range(9)]
    assert "9 inputs; at most 8" in refusal(builder, tensors, tensors[:1])


def test_tensors_that_do_not_exist() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1,))
    assert "the model's inputs name tensor 9" in refusal(builder, [9], [x])
    builder.operator("SOFTMAX", [5], [x], softmax_options())
    assert "operator 0 (SOFTMAX) reads tensor 5, but there are 1" in refusal(builder, [x], [x])


def test_a_buffer_that_does_not_exist() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1,), buffer=44)
    assert "tensor 0 refers to buffer 44" in refusal(builder, [x], [x])


def test_a_constant_of_the_wrong_size() -> None:
    builder = ModelBuilder()
    x = builder.tensor((3, 5), bytes(56), name="weights")
    assert 'tensor 0 ("weights") of shape [3, 5] and type FLOAT32 needs 60 bytes' in refusal(builder, [], [x])


def test_an_absurd_shape() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1 << 20, 1 << 20))
    assert "has more than 2147483647 elements" in refusal(builder, [x], [x])
    builder = ModelBuilder()
    x = builder.tensor((1,) * 9)
    assert "has 9 dimensions" in refusal(builder, [x], [x])
    builder = ModelBuilder()
    x = builder.tensor((1 << 28,))
    y = builder.tensor((1 << 28,))
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    assert "bytes of activations" in refusal(builder, [x], [y])


def test_an_open_dimension() -> None:
    builder = ModelBuilder()
    x = builder.tensor((1, -1), name="x")
    assert 'the shape [1, -1] of input 0 of the model, tensor 0 ("x"), is not fixed' in refusal(builder, [x], [x])
    with pytest.raises(UserError, match=r"input 0 of the model \(\"x\"\) has the shape \[1, -1\], which is not fixed"):
        read_signature(builder.build([x], [x]))


def test_the_order_of_operators() -> None:
    builder = ModelBuilder()
    x, hidden, y = (builder.tensor((2, 2)) for _ in range(3))
    builder.operator("SOFTMAX", [hidden], [y], softmax_options())
    builder.operator("SOFTMAX", [x], [hidden], softmax_options())
    assert "operator 0 of the model (SOFTMAX) reads tensor 1" in refusal(builder, [x], [y])


def test_a_tensor_written_twice() -> None:
    builder = ModelBuilder()
    x, y = (builder.tensor((2, 2)) for _ in range(2))
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    builder.operator("SOFTMAX", [x], [y], softmax_options())
    assert "operator 1 of the model (SOFTMAX) writes tensor 1" in refusal(builder, [x], [y])
    builder = ModelBuilder()
    x = builder.tensor((2, 2))
    builder.operator("SOFTMAX", [x], [x], softmax_options())
    assert "already has a value" in refusal(builder, [x], [x])


def test_an_output_that_nothing_writes() -> None:
    builder = ModelBuilder()
    x, y = (builder.tensor((2, 2)) for _ in range(2))
    assert "is never written" in refusal(builder, [x], [y])


def test_options_of_another_operator() -> None:
    builder = ModelBuilder()
    x, y = (builder.tensor((2, 2)) for _ in range(2))
    builder.operator("SOFTMAX", [x], [y], reshape_options((2, 2)))
    assert "its options are those of another operator (number 17)" in refusal(builder, [x], [y])
