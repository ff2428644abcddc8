"""The functions that a rune imports, called with everything that a rune could pass."""

from __future__ import annotations

import ctypes
import hashlib
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
import runtime_build
from hypothesis import given, settings
from hypothesis import strategies as st
from rune_modules import rune
from runtime_library import (
    ACCEL,
    IMAGE,
    RAND,
    RAW,
    STATUS,
    FakeBoard,
    FakeImage,
    Library,
    Model,
    Module,
    aligned_buffer,
    make_driver,
    make_model,
)

from runeflash.device.frames import encode_frame
from runeflash.rune.container import RuneModel

SIZE = 4096
SERIAL, TENSOR = 1, 5
I32, F32, U8, I16, I8 = 1, 2, 5, 6, 7
MODEL_TYPE = b"application/vnd.runeflash.model"


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(runtime_build.library(engine=False))


class Host:
    """The host functions, with a linear memory and a place in it where the next bytes go."""

    def __init__(
        self,
        library: Library,
        board: FakeBoard | None = None,
        models: list[Model] | None = None,
        rune_models: tuple[RuneModel, ...] = (),
        *,
        print_f64: bool = False,
        stream_sensors: bool = False,
    ) -> None:
        self._library = library
        self.board = board or FakeBoard()
        self._buffer, self._at = aligned_buffer(SIZE)
        library.c.fake_engine_set_memory(ctypes.c_void_p(self._at), SIZE)
        code = rune("", models=rune_models, resources=(("labels", b"one\ntwo"), ("none", b"")))
        self.image = FakeImage(code, models)
        if print_f64:
            self.image.c.print_f64 = ctypes.cast(library.c.rune_double_print, ctypes.c_void_p)
        self.image.c.stream_sensors = stream_sensors
        self._module = Module()
        assert (
            library.c.rune_module_read(ctypes.c_void_p(self.image.c.rune), len(code), ctypes.byref(self._module)) == 0
        )
        library.c.rune_line_start(ctypes.byref(self.board.c))
        library.c.rune_stream_start(ctypes.byref(self.board.c))
        library.c.rune_host_start(ctypes.byref(self.board.c), ctypes.byref(self.image.c), ctypes.byref(self._module))
        self._next = 16

    def put(self, content: bytes, alignment: int = 1) -> int:
        """Place bytes in linear memory; return their address there."""
        address = -(-self._next // alignment) * alignment
        assert address + len(content) <= SIZE
        ctypes.memmove(self._at + address, content, len(content))
        self._next = address + len(content)
        return address

    def get(self, address: int, length: int) -> bytes:
        return ctypes.string_at(self._at + address, length)

    @property
    def memory_at(self) -> int:
        return self._at

    def raw(self, name: str, *arguments: int) -> tuple[str, int]:
        """Call a function; return its status and result."""
        self._library.c.rune_failure_clear()
        result = ctypes.c_uint32(0xDEAD)
        function = getattr(self._library.c, f"rune_host_{name}")
        status = STATUS[function(*(ctypes.c_uint32(argument) for argument in arguments), ctypes.byref(result))]
        assert self._library.failure[0] == status, "a failure must be noted, and only one"
        assert (status == "ok") == (self._library.failure[2] == "")
        return status, result.value

    def call(self, name: str, *arguments: int) -> int:
        """Call a function that must succeed; return its result."""
        status, result = self.raw(name, *arguments)
        assert status == "ok", self._library.failure
        return result

    def fail(self, name: str, *arguments: int) -> tuple[str, str | None, str]:
        """Call a function that must fail; return the failure."""
        status, _ = self.raw(name, *arguments)
        assert status != "ok"
        return self._library.failure

    def debug(self, record: bytes) -> tuple[str, str | None, str]:
        """Log a record; return the failure that it is."""
        self._library.c.rune_failure_clear()
        result = ctypes.c_uint32()
        self._library.c.rune_host_debug(self.put(record), len(record), ctypes.byref(result))
        return self._library.failure

    def set_parameter(self, handle: int, name: bytes, value: bytes, value_type: int) -> str:
        status, _ = self.raw(
            "request_capability_set_param",
            handle,
            self.put(name),
            len(name),
            self.put(value),
            len(value),
            value_type,
        )
        return status


def descriptors(host: Host, types: list[str]) -> int:
    placed = [(host.put(text.encode()), len(text)) for text in types]
    return host.put(b"".join(struct.pack("<2I", *item) for item in placed), 4)


def load_model(
    host: Host, name: bytes, inputs: list[str], outputs: list[str], mimetype: bytes = MODEL_TYPE
) -> tuple[int, ...]:
    """Place what rune_model_load wants in memory; return its arguments."""
    return (
        host.put(mimetype),
        len(mimetype),
        host.put(name),
        len(name),
        descriptors(host, inputs),
        len(inputs),
        descriptors(host, outputs),
        len(outputs),
    )


def doubling(from_: list[int], to: list[int]) -> None:
    values = (ctypes.c_float * 2).from_address(from_[0])
    (ctypes.c_float * 2).from_address(to[0])[:] = [2 * value for value in values]


def model_host(library: Library, board: FakeBoard | None = None, **changes: Any) -> Host:
    file = b"tflite bytes"
    settings_ = {
        "name": "double",
        "sha256": hashlib.sha256(file).digest(),
        "inputs": [("f32", 2)],
        "outputs": [("f32", 2)],
        "infer": doubling,
    } | changes
    return Host(library, board, [make_model(**settings_)], (RuneModel("double", file),))


# --- handles -----------------------------------------------------------------------------------------------------


def test_handles_share_one_counter(library: Library) -> None:
    host = model_host(library)
    assert host.call("request_capability", RAW) == 0
    assert host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[1, 2]"])) == 1
    assert host.call("resource_open", host.put(b"labels"), 6) == 2
    assert host.call("request_output", TENSOR) == 3
    assert host.call("request_capability", ACCEL) == 4


def test_too_many_handles(library: Library) -> None:
    host = Host(library)
    for number in range(32):
        assert host.call("request_output", SERIAL) == number
    assert host.fail("request_output", SERIAL)[0] == "too-many-handles"
    host = Host(library)
    for _ in range(6):
        host.call("request_capability", RAW)
    assert host.fail("request_capability", RAW)[0] == "too-many-handles"


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 31, 32, 2**31, 2**32 - 1])
def test_handles_of_another_kind_are_refused(library: Library, number: int) -> None:
    host = model_host(library)
    makers: dict[int, Callable[[], int]] = {
        0: lambda: host.call("request_capability", RAW),
        1: lambda: host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2]"])),
        2: lambda: host.call("resource_open", host.put(b"labels"), 6),
        3: lambda: host.call("request_output", TENSOR),
    }
    for make in makers.values():
        make()
    users = {
        0: [("request_capability_set_param", (number, 0, 1, 0, 4, I32)), ("request_provider_response", (0, 4, number))],
        1: [("model_infer", (number, 0, 0))],
        2: [("resource_read", (number, 0, 4)), ("resource_close", (number,))],
        3: [("consume_output", (number, 0, 4))],
    }
    for kind, calls in users.items():
        if kind != number:
            for name, arguments in calls:
                assert host.fail(name, *arguments)[0] == "bad-handle", name


# --- pointers ----------------------------------------------------------------------------------------------------

ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(SIZE - 40, SIZE + 40),
    st.sampled_from([0, 1, 2, 3, 4, 2**31, 2**32 - 1, 2**32 - 4]),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_pointer_gets_out_of_the_memory(library: Library, data: st.DataObject) -> None:
    """Any arguments at all: each call succeeds or is refused, and nothing beside the linear memory changes."""
    filled = make_driver(RAND, lambda capability, length: ("ok", b"\x5a" * length))
    host = model_host(library, FakeBoard([filled]))
    host.call("request_capability", RAND)
    host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2]"]))
    host.call("request_output", TENSOR)
    host.call("request_output", SERIAL)
    host.call("resource_open", host.put(b"labels"), 6)
    guard_before = ctypes.string_at(host.memory_at + SIZE, 8)
    arities = {
        "debug": 2,
        "request_capability_set_param": 6,
        "request_provider_response": 3,
        "consume_output": 3,
        "model_load": 8,
        "model_infer": 3,
        "resource_open": 2,
        "resource_read": 3,
    }
    for name in data.draw(st.lists(st.sampled_from(sorted(arities)), min_size=1, max_size=5)):
        arguments = [data.draw(ADDRESSES) for _ in range(arities[name])]
        if name not in {"debug", "model_load", "resource_open"}:
            arguments[2 if name == "request_provider_response" else 0] = data.draw(st.integers(0, 5))
        host.raw(name, *arguments)
    assert ctypes.string_at(host.memory_at + SIZE, 8) == guard_before


@pytest.mark.parametrize(
    ("address", "length"), [(SIZE - 4, 8), (SIZE, 4), (2**32 - 4, 8), (0, SIZE + 4), (4, 2**32 - 4)]
)
def test_spans_beyond_the_memory(library: Library, address: int, length: int) -> None:
    board = FakeBoard([make_driver(RAND, lambda capability, wanted: ("ok", b"x" * wanted))])
    host = Host(library, board)
    capability, output = host.call("request_capability", RAND), host.call("request_output", SERIAL)
    resource = host.call("resource_open", host.put(b"labels"), 6)
    assert host.fail("request_provider_response", address, length, capability)[0] == "bad-pointer"
    assert host.fail("consume_output", output, address, length)[0] == "bad-pointer"
    assert host.fail("resource_read", resource, address, length)[0] == "bad-pointer"
    assert host.fail("debug", address, length)[0] == "bad-pointer"
    assert host.fail("resource_open", address, length)[0] == "bad-pointer"


def test_spans_may_end_where_the_memory_ends(library: Library) -> None:
    board = FakeBoard([make_driver(RAND, lambda capability, wanted: ("ok", b"x" * wanted))])
    host = Host(library, board)
    capability = host.call("request_capability", RAND)
    assert host.call("request_provider_response", 0, SIZE, capability) == SIZE
    assert host.get(0, SIZE) == b"x" * SIZE
    assert host.call("request_provider_response", SIZE, 0, capability) == 0
    for address in (1, 2, 3, 6):
        failure = host.fail("request_provider_response", address, 8, capability)
        assert failure[0] == "bad-pointer" and "aligned to 4" in failure[2]


# --- capabilities ------------------------------------------------------------------------------------------------


def test_parameters_reach_the_driver(library: Library) -> None:
    asked: list[tuple[str, Any]] = []
    seen: list[dict[str, Any]] = []

    def configure(name: str, value: Any) -> str:
        asked.append((name, value.real if value.is_float else value.integer))
        return "bad-parameter" if name == "wrong" else "driver" if name == "broken" else "ok"

    def read(capability: Any, length: int) -> tuple[str, bytes]:
        parameters = capability.parameters[: capability.parameter_count]
        seen.append(
            {item.name.decode(): item.value.real if item.value.is_float else item.value.integer for item in parameters}
            | {"source of the capability": capability.source, "handle": capability.handle}
        )
        return "ok", bytes(length)

    host = Host(library, FakeBoard([make_driver(IMAGE, read, configure)]))
    host.call("request_output", SERIAL)
    handle = host.call("request_capability", IMAGE)
    values = [
        (b"width", struct.pack("<i", -96), I32, -96),
        (b"gain", struct.pack("<f", 0.5), F32, 0.5),
        (b"format", b"\xfe", U8, 254),
        (b"shift", b"\xfe", I8, -2),
        (b"hz", struct.pack("<h", -3), I16, -3),
        (b"source", struct.pack("<i", 2), I32, 2),
    ]
    for name, value, value_type, _ in values:
        assert host.set_parameter(handle, name, value, value_type) == "ok"
    assert asked == [(name.decode(), value) for name, _, _, value in values]
    assert host.set_parameter(handle, b"width", struct.pack("<i", 7), I32) == "ok"  # again: replaced
    assert host.set_parameter(handle, b"more", struct.pack("<i", 7), I32) == "bad-parameter"  # no room
    assert host.set_parameter(handle, b"wrong", struct.pack("<i", 7), I32) == "bad-parameter"
    assert "wrong" in library.failure[2] and "IMAGE" in library.failure[2]
    assert host.set_parameter(handle, b"broken", struct.pack("<i", 7), I32) == "driver"
    host.call("request_provider_response", 0, 16, handle)
    expected = {name.decode(): value for name, _, _, value in values} | {"width": 7}
    assert seen == [expected | {"source of the capability": 2, "handle": 1}]


@pytest.mark.parametrize(
    ("name", "value", "value_type"),
    [
        (b"hz", b"abc", I32),
        (b"hz", b"abcde", I32),
        (b"hz", b"ab", F32),
        (b"hz", b"ab", U8),
        (b"hz", b"a", I16),
        (b"hz", b"", I8),
        (b"hz", b"abcd", 0),
        (b"hz", b"abcd", 3),
        (b"hz", b"abcd", 8),
        (b"hz", b"abcd", 2**32 - 1),
        (b"", b"abcd", I32),
        (b"a" * 24, b"abcd", I32),
        (b"a\0b", b"abcd", I32),
        (b"source", struct.pack("<i", -1), I32),
        (b"source", struct.pack("<f", 1), F32),
    ],
)
def test_wrong_parameters(library: Library, name: bytes, value: bytes, value_type: int) -> None:
    host = Host(library)
    assert host.set_parameter(host.call("request_capability", RAW), name, value, value_type) == "bad-parameter"


def test_source_0_is_no_question(library: Library) -> None:
    driver = make_driver(ACCEL, lambda capability, length: ("ok", bytes(length)), lambda name, value: "bad-parameter")
    host = Host(library, FakeBoard([driver]))
    handle = host.call("request_capability", ACCEL)
    assert host.set_parameter(handle, b"source", struct.pack("<i", 0), I32) == "ok"
    assert host.set_parameter(handle, b"source", struct.pack("<i", 1), I32) == "bad-parameter"


def test_drivers_of_the_board_and_of_the_stream(library: Library) -> None:
    board = FakeBoard([make_driver(ACCEL, lambda capability, length: ("ok", b"B" * length))])
    board.receive = lambda capacity: _no_data(board)
    host = Host(library, board)
    host.call("request_provider_response", 64, 4, host.call("request_capability", ACCEL))
    assert host.get(64, 4) == b"BBBB" and not board.sent
    host = Host(library, board, stream_sensors=True)
    failure = host.fail("request_provider_response", 64, 4, host.call("request_capability", ACCEL))
    assert failure == ("no-data", None, 'Unable to create the "ACCEL" capability: there is no data for its source 0')
    assert board.of_kind("need")[0]["kind"] == "ACCEL"


def _no_data(board: FakeBoard) -> bytes:
    return encode_frame(2, board.of_kind("need")[-1]["request"], 0)


def test_capabilities_that_are_not_there(library: Library) -> None:
    host = Host(library)
    assert host.fail("request_capability", RAND)[0] == "no-capability"
    assert '"RAND"' in library.failure[2]
    for kind in (0, 6, 2**32 - 1):
        assert host.fail("request_capability", kind)[0] == "no-capability"


def test_a_driver_that_fails(library: Library) -> None:
    host = Host(library, FakeBoard([make_driver(RAND, lambda capability, length: ("driver", b""))]))
    assert host.fail("request_provider_response", 0, 4, host.call("request_capability", RAND))[0] == "driver"
    assert host.board.marks == [5, 6]


def test_has_sensor(library: Library) -> None:
    library.c.rune_host_has_sensor.restype = ctypes.c_bool
    host = Host(library, FakeBoard([make_driver(RAND, lambda capability, length: ("ok", b""))]))
    host.call("request_capability", RAND)
    assert not library.c.rune_host_has_sensor()
    host.call("request_capability", RAW)
    assert library.c.rune_host_has_sensor()


# --- outputs -----------------------------------------------------------------------------------------------------


def tensor(type_name: str, content: bytes) -> bytes:
    return struct.pack("<I", len(type_name)) + type_name.encode() + content


def strings(*texts: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            tensor("utf8[1]", strings(b"Ring")),
            '{"channel":0,"dimensions":[1],"elements":["Ring"],"type_name":"utf8"}',
        ),
        (
            tensor("f32[1, 1]", struct.pack("<f", 0.6972786)),
            '{"channel":0,"dimensions":[1,1],"elements":[0.6972786],"type_name":"f32"}',
        ),
        (
            tensor("u8[2, 2]", bytes([0, 1, 128, 255])) + tensor("i32[1]", struct.pack("<i", -(2**31))),
            '[{"channel":0,"dimensions":[2,2],"elements":[0,1,128,255],"type_name":"u8"},'
            '{"channel":0,"dimensions":[1],"elements":[-2147483648],"type_name":"i32"}]',
        ),
        (
            tensor("f32[3]", struct.pack("<3f", float("nan"), float("inf"), -0.0)),
            '{"channel":0,"dimensions":[3],"elements":[null,null,-0.0],"type_name":"f32"}',
        ),
        (tensor("i8", b"\xff"), '{"channel":0,"dimensions":[],"elements":[-1],"type_name":"i8"}'),
        (tensor("u16[1]", b"\xff\xff"), '{"channel":0,"dimensions":[1],"elements":[65535],"type_name":"u16"}'),
        (tensor("i16[1]", b"\xff\xff"), '{"channel":0,"dimensions":[1],"elements":[-1],"type_name":"i16"}'),
        (tensor("u32[1]", b"\xff" * 4), '{"channel":0,"dimensions":[1],"elements":[4294967295],"type_name":"u32"}'),
        (
            tensor("u64[1]", b"\xff" * 8),
            '{"channel":0,"dimensions":[1],"elements":[18446744073709551615],"type_name":"u64"}',
        ),
        (
            tensor("i64[1]", struct.pack("<q", -(2**63))),
            '{"channel":0,"dimensions":[1],"elements":[-9223372036854775808],"type_name":"i64"}',
        ),
        (tensor("f64[1]", struct.pack("<d", 0.1)), '{"channel":0,"dimensions":[1],"elements":[0.1],"type_name":"f64"}'),
        (tensor("f32[0]", b""), '{"channel":0,"dimensions":[0],"elements":[],"type_name":"f32"}'),
        (
            tensor("utf8[2]", strings(b'"\xc3\xa9\n', b"\xff")),
            '{"channel":0,"dimensions":[2],"elements":["\\"é\\n","\ufffd"],"type_name":"utf8"}',
        ),
    ],
)
@pytest.mark.parametrize("offset", [0, 1])
def test_tensors_are_printed(library: Library, content: bytes, line: str, offset: int) -> None:
    host = Host(library, print_f64=True)
    output = host.call("request_output", TENSOR)
    address = host.put(b"x" * offset + content) + offset
    assert host.call("consume_output", output, address, len(content)) == len(content)
    assert bytes(host.board.sent).decode() == line + "\n"
    assert host.board.marks == [7, 8]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0\0\0\0",
        tensor("f32[1]", b"abc"),
        tensor("f32[1]", b"abcde"),
        tensor("f32[2]", b"abcd"),
        tensor("f32[1073741825]", b"abcd"),
        tensor("f32[65536, 65536]", b""),
        tensor("utf8[1]", b"\5\0\0\0four"),
        tensor("utf8[1]", b"\xff\xff\xff\xff"),
        tensor("utf8[2]", strings(b"one")),
        tensor("bool[1]", b"\0"),
        tensor("f32[1", b"abcd"),
        tensor("f32[1]x", b"abcd"),
        tensor("f32[-1]", b"abcd"),
        tensor("f32[]", b"abcd"),
        struct.pack("<I", 2**32 - 1) + b"f32",
        tensor("u8[1]", b"1") + b"\0",
        tensor("u8[1]", b"1") + tensor("u8[2]", b"1"),
    ],
)
def test_malformed_tensors_print_nothing(library: Library, content: bytes) -> None:
    host = Host(library)
    output = host.call("request_output", TENSOR)
    assert host.fail("consume_output", output, host.put(content), len(content))[0] == "bad-output"
    assert not host.board.sent


def test_f64_needs_its_printer(library: Library) -> None:
    host = Host(library)
    content = tensor("f64[1]", bytes(8))
    failure = host.fail("consume_output", host.call("request_output", TENSOR), host.put(content), len(content))
    assert failure[0] == "bad-output" and "f64" in failure[2]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([tensor("u8[1]", b"1"), tensor("utf8[1]", strings(b"a"))]), max_size=4).map(b"".join)
)
def test_any_tensor_data_gives_one_whole_line_or_none(library: Library, content: bytes) -> None:
    host = Host(library)
    status, _ = host.raw("consume_output", host.call("request_output", TENSOR), host.put(content), len(content))
    assert (status == "ok") == (len(host.board.lines) == 1)


def test_serial_text_passes_through(library: Library) -> None:
    host = Host(library)
    output = host.call("request_output", SERIAL)
    for text in ('{"elements": ["é"]}', "plain words", ""):
        host.call("consume_output", output, host.put(text.encode()), len(text.encode()))
    assert bytes(host.board.sent).decode() == '{"elements": ["é"]}\nplain words\n\n'
    for bad in (b"two\nlines", b"\r", b"\xff"):
        assert host.fail("consume_output", output, host.put(bad), len(bad))[0] == "bad-output"


@pytest.mark.parametrize("kind", [0, 2, 3, 4, 6, 2**32 - 1])
def test_other_kinds_of_output(library: Library, kind: int) -> None:
    assert Host(library).fail("request_output", kind)[0] == "bad-output"


# --- models ------------------------------------------------------------------------------------------------------


def test_inference(library: Library) -> None:
    host = model_host(library)
    handle = host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2, 1]"]))
    source, target = host.put(struct.pack("<2f", 1.5, -4), 4), host.put(bytes(8), 4)
    inputs, outputs = host.put(struct.pack("<I", source), 4), host.put(struct.pack("<I", target), 4)
    assert host.call("model_infer", handle, inputs, outputs) == 0
    assert struct.unpack("<2f", host.get(target, 8)) == (3.0, -8.0)
    assert host.board.marks == [3, 4]


def test_nans_are_made_one(library: Library) -> None:
    def infer(_: list[int], to: list[int]) -> None:
        (ctypes.c_uint32 * 4).from_address(to[0])[:] = [0xFFC12345, 0x7F800001, 0xFF800000, 0x7F800000]
        (ctypes.c_uint64 * 2).from_address(to[1])[:] = [0xFFF0000000000001, 0x7FF0000000000000]

    host = model_host(library, outputs=[("f32", 4), ("f64", 2)], infer=infer)
    handle = host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[4]", "f64[2]"]))
    source, first, second = host.put(bytes(8), 4), host.put(bytes(16), 4), host.put(bytes(16), 8)
    inputs, outputs = host.put(struct.pack("<I", source), 4), host.put(struct.pack("<2I", first, second), 4)
    host.call("model_infer", handle, inputs, outputs)
    assert struct.unpack("<4I", host.get(first, 16)) == (0x7FC00000, 0x7FC00000, 0xFF800000, 0x7F800000)
    assert struct.unpack("<2Q", host.get(second, 16)) == (0x7FF8000000000000, 0x7FF0000000000000)


@pytest.mark.parametrize(
    ("source", "target"),
    [(0, SIZE), (SIZE - 4, 64), (0, SIZE - 4), (2, 64), (0, 65), (64, 64), (64, 68), (68, 64), (2**32 - 8, 64)],
)
def test_tensors_must_be_inside_aligned_and_apart(library: Library, source: int, target: int) -> None:
    host = model_host(library)
    handle = host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2]"]))
    inputs, outputs = host.put(struct.pack("<I", source), 4), host.put(struct.pack("<I", target), 4)
    failure = host.fail("model_infer", handle, inputs, outputs)
    assert failure[:2] == ("bad-pointer", "double")
    assert 3 not in host.board.marks


def test_outputs_must_be_apart_from_each_other(library: Library) -> None:
    host = model_host(library, outputs=[("u8", 4), ("u8", 4)], infer=lambda from_, to: None)
    handle = host.call("model_load", *load_model(host, b"double", ["f32[2]"], ["u8[4]", "i8[4]"]))
    inputs = host.put(struct.pack("<I", 2048), 4)
    touching, overlapping = (host.put(struct.pack("<2I", 3000, 3000 + n), 4) for n in (4, 3))
    host.call("model_infer", handle, inputs, touching)
    assert host.fail("model_infer", handle, inputs, overlapping)[0] == "bad-pointer"
    for pointers in (inputs + 1, SIZE - 2, SIZE):
        assert host.fail("model_infer", handle, pointers, touching)[0] == "bad-pointer"


@pytest.mark.parametrize(
    ("inputs", "outputs", "fits"),
    [
        (["f32[2]"], ["f32[2]"], True),
        (["f32[1, 2, 1]"], ["f32[2]"], True),
        (["f32[2]"], ["f32[3]"], False),
        (["f32[2]"], ["i32[2]"], False),
        (["f32[2]"], ["u8[2]"], False),
        (["f32[2]", "f32[2]"], ["f32[2]"], False),
        ([], ["f32[2]"], False),
        (["f32[2"], ["f32[2]"], False),
        (["f32"], ["f32[2]"], False),
    ],
)
def test_signatures(library: Library, inputs: list[str], outputs: list[str], fits: bool) -> None:
    host = model_host(library)
    status, _ = host.raw("model_load", *load_model(host, b"double", inputs, outputs))
    assert status == ("ok" if fits else "bad-model")
    assert fits or library.failure[1] in {"double", None}


@pytest.mark.parametrize(("said", "fits"), [("u8[2]", True), ("i8[2]", True), ("u8[3]", False), ("u16[2]", False)])
def test_bytes_pass_as_signed_or_not(library: Library, said: str, fits: bool) -> None:
    host = model_host(library, inputs=[("i8", 2)])
    assert (host.raw("model_load", *load_model(host, b"double", [said], ["f32[2]"]))[0] == "ok") == fits


def test_models_are_bound_by_name_and_hash(library: Library) -> None:
    host = model_host(library, sha256=bytes(32))
    failure = host.fail("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2]"]))
    assert failure[:2] == ("bad-model", "double") and "not the one" in failure[2]
    host = model_host(library)
    assert host.fail("model_load", *load_model(host, b"doubl", ["f32[2]"], ["f32[2]"]))[1] == "doubl"
    host = Host(library, models=[make_model("double", bytes(32), [], [], doubling)])  # not in the rune
    assert host.fail("model_load", *load_model(host, b"double", [], []))[0] == "bad-model"


def test_other_mimetypes(library: Library) -> None:
    host = model_host(library)
    for mimetype, words in ((b"application/tflite-model", ".tflite"), (b"application/onnx", "application/onnx")):
        failure = host.fail("model_load", *load_model(host, b"double", ["f32[2]"], ["f32[2]"], mimetype))
        assert failure[0] == "bad-model" and words in failure[2]


# --- resources ---------------------------------------------------------------------------------------------------


def test_resources_are_read_in_parts(library: Library) -> None:
    host = Host(library)
    first, second = (host.call("resource_open", host.put(b"labels"), 6) for _ in range(2))
    assert host.call("resource_read", first, 101, 4) == 4
    assert host.get(101, 4) == b"one\n"
    assert host.call("resource_read", first, 200, 100) == 3
    assert host.get(200, 3) == b"two"
    assert host.call("resource_read", first, 200, 100) == 0
    assert host.call("resource_read", second, 300, 7) == 7
    assert host.call("resource_close", first) == 0
    assert host.fail("resource_read", first, 0, 1)[0] == "bad-handle"
    assert host.fail("resource_close", first)[0] == "bad-handle"
    empty = host.call("resource_open", host.put(b"none"), 4)
    assert host.call("resource_read", empty, 0, 10) == 0
    failure = host.fail("resource_open", host.put(b"nothing"), 7)
    assert failure[0] == "no-resource" and '"nothing"' in failure[2]


def test_a_resource_that_is_read_feeds_the_watchdog(library: Library) -> None:
    """A copy takes as long as it is, and is charged the same for any length."""
    host = Host(library)
    resource = host.call("resource_open", host.put(b"labels"), 6)
    fed = len(host.board.watchdog)
    assert host.call("resource_read", resource, 101, 4) == 4
    assert host.board.watchdog[fed:] == ["fed"]
    host.fail("resource_read", 77, 0, 4)
    assert host.board.watchdog[fed:] == ["fed"], "nothing was copied"


# --- _debug ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "level", "message"),
    [
        (b"plain text", "info", "plain text"),
        (b"", "info", ""),
        (b"{not json", "info", "{not json"),
        (b'{"level":"WARN","message":"w","target":"t"}', "warning", "w"),
        (b'{ "message" : "a\\n\\"b\\u00e9\\ud83d\\ude00" , "level" : "DEBUG" }', "debug", 'a\n"b\u00e9\U0001f600'),
        (b'{"fields":{"message":"inner"},"list":["message"],"message":"outer","level":"INFO"}', "info", "outer"),
        (b'{"message":"message","level":"level"}', "info", "message"),
        (b'{"message":"no level"}', "info", "no level"),
        (b'{"message":"cut', "info", "cut"),
        (b'{"message":1}', "info", '{"message":1}'),
        (b'{"message":"\\ud83d lone"}', "info", "\ufffd lone"),
        (b'{"message":"\\u12"}', "info", "\ufffd12"),
    ],
)
def test_log_records(library: Library, record: bytes, level: str, message: str) -> None:
    host = Host(library)
    assert host.call("debug", host.put(record), len(record)) == 0
    assert host.board.lines == [{"runeflash": "log", "level": level, "message": message}]


def test_error_records_are_failures(library: Library) -> None:
    host = Host(library)
    record = json.dumps({"level": "ERROR", "target": "my stage", "message": 'no "room"\n\u00e9'}).encode()
    assert host.fail("debug", host.put(record), len(record)) == ("block", "my stage", 'no "room"\n\u00e9')
    record = json.dumps({"level": "ERROR", "target": "s" * 70, "message": "\u00e9" * 200}).encode()
    assert host.fail("debug", host.put(record), len(record)) == ("block", "s" * 64, "\u00e9" * 96)
    assert not host.board.sent


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.text(max_size=16), st.booleans())
def test_records_are_read_as_json_has_them(library: Library, message: str, target: str, ascii_only: bool) -> None:
    message, target = (text.encode("utf-8", "replace").decode() for text in (message, target))
    record = json.dumps({"target": target, "message": message, "level": "ERROR"}, ensure_ascii=ascii_only).encode()
    status, stage, said = Host(library).debug(record)
    assert (status, stage or "", said) == ("block", target, message)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80).map(lambda tail: b"{" + tail))
def test_any_record_is_survived(library: Library, record: bytes) -> None:
    host = Host(library)
    status, _ = host.raw("debug", host.put(record), len(record))
    assert status in {"ok", "block"}
    assert len(host.board.lines) == (status == "ok")


def test_drivers_are_reset(library: Library) -> None:
    calls: list[str] = []
    board = FakeBoard(
        [
            make_driver(RAND, lambda capability, length: ("ok", b""), reset=lambda: calls.append("reset")),
            make_driver(RAW, lambda capability, length: ("ok", b"")),
        ]
    )
    library.c.rune_host_reset_drivers(ctypes.byref(board.c))
    assert calls == ["reset"]
