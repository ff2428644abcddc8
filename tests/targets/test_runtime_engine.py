"""The whole runtime with wasm3: small runes on a board of Python."""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import struct
from pathlib import Path
from typing import Any

import pytest
import rune_modules
import runtime_build
from rune_modules import data, rune
from runtime_library import (
    ACCEL,
    RAND,
    STATUS,
    FakeBoard,
    FakeImage,
    Library,
    make_driver,
    make_model,
)

from runeflash.device.frames import encode_frame
from runeflash.rune.container import RuneModel

RESTART_US = 1_000_000
MODEL = RuneModel("m", b"file")

#: Prints the number of the call as i32[1]: what it counts in, a reset must set back.
COUNTING = (
    data(64, struct.pack("<I", 6) + b"i32[1]")
    + """
  (global $calls (mut i32) (i32.const 0))
  (func (export "_manifest") (result i32) (drop (call $output (i32.const 5))) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store offset=74 align=1 (i32.const 0) (global.get $calls))
    BODY
    (drop (call $emit (i32.const 0) (i32.const 64) (i32.const 14)))
    (i32.const 0))
"""
)


def counting(body: str = "") -> bytes:
    return rune(COUNTING.replace("BODY", body))


def calls(body: str, **sections: Any) -> bytes:
    """Return a rune that only does this in each call."""
    return rune(
        f"""(func (export "_manifest") (result i32) (i32.const 1))
        (func (export "_call") (param i32 i32 i32) (result i32) {body} (i32.const 0))""",
        **sections,
    )


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(runtime_build.library(engine=True))


def run(library: Library, board: FakeBoard, image: FakeImage) -> str:
    return STATUS[library.c.rune_runtime_run(ctypes.byref(board.c), ctypes.byref(image.c))]


def until(count: int) -> Any:
    """Run until so many calls have finished, or cannot any more: a call that fails is not finished."""
    left = itertools.count(2 * count, -1)
    return lambda finished: finished < count and next(left) > 0


def failures(count: int) -> Any:
    """Run until so many failures."""
    seen = [0, 0]

    def keep_running(finished: int) -> bool:
        seen[1] += finished == seen[0]
        seen[0] = finished
        return seen[1] < count

    return keep_running


def first_error(library: Library, wasm: bytes, board: FakeBoard | None = None, **image: Any) -> dict[str, Any]:
    """Run a rune until it fails; return the error line."""
    board = board or FakeBoard()
    board.keep_running = failures(1)
    status = run(library, board, FakeImage(wasm, **image))
    (line,) = board.of_kind("error")
    assert line["code"] == status
    return line


def test_boot_line_and_cadence(library: Library) -> None:
    board = FakeBoard()
    started: list[int] = []
    board.c.mark = type(board.c.mark)(lambda mark: started.append(board.time) if mark == 1 else None)
    board.keep_running = until(4)
    image = FakeImage(counting())
    assert run(library, board, image) == "ok"
    boot, *outputs = board.lines
    assert {key: value for key, value in boot.items() if key != "heap"} == {
        "runeflash": "boot",
        "rune": "test",
        "build": "0123456789ab",
        "board": "fake",
        "engine": "wasm3",
        "reset": "power-on",
    }
    assert 4096 < boot["heap"] <= image.heap_size
    assert [line["elements"] for line in outputs] == [[1], [2], [3], [4]]
    gaps = [later - earlier for earlier, later in itertools.pairwise(started)]
    assert all(99_000 < gap < 101_000 for gap in gaps)


def test_a_slow_call_delays_the_next_and_nothing_is_caught_up(library: Library) -> None:
    started: list[int] = []

    def read(_: Any, length: int) -> tuple[str, bytes]:
        started.append(board.time)
        if len(started) == 2:
            board.time += 350_000
        return "ok", bytes(length)

    board = FakeBoard([make_driver(RAND, read)])
    board.keep_running = until(4)
    wasm = rune(
        """(func (export "_manifest") (result i32) (drop (call $capability (i32.const 1))) (i32.const 1))
        (func (export "_call") (param i32 i32 i32) (result i32)
          (call $read (i32.const 0) (i32.const 4) (i32.const 0)))"""
    )
    assert run(library, board, FakeImage(wasm)) == "ok"
    gaps = [round((later - earlier) / 1000) for earlier, later in itertools.pairwise(started)]
    assert gaps == [100, 350, 100]


SENSOR = (
    data(16, b"n\0\0\0\2\0\0\0")
    + data(32, struct.pack("<I", 9) + b"f32[2, 3]")
    + """
  (func (export "_manifest") (result i32)
    (drop (call $capability (i32.const 3)))
    (drop (call $parameter (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 20) (i32.const 4) (i32.const 1)))
    (drop (call $output (i32.const 5)))
    (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (drop (call $read (i32.const 128) (i32.const 24) (i32.const 0)))
    (memory.copy (i32.const 45) (i32.const 128) (i32.const 24))
    (drop (call $emit (i32.const 1) (i32.const 32) (i32.const 37)))
    (i32.const 0))
"""
)


def test_a_sensor_from_the_host(library: Library) -> None:
    board = FakeBoard()
    board.keep_running = until(2)
    windows = [struct.pack("<6f", *range(6)), struct.pack("<6f", *([0.1] * 6))]

    def receive(_: int) -> bytes:
        needs = board.of_kind("need")
        return encode_frame(1, needs[-1]["request"], 0, windows[len(needs) - 1])

    board.receive = receive
    assert run(library, board, FakeImage(rune(SENSOR))) == "ok"
    assert [line.get("runeflash", "output") for line in board.lines] == ["boot"] + ["need", "ack", "output"] * 2
    assert board.of_kind("need")[0]["parameters"] == {"n": 2}
    assert [line["elements"] for line in board.outputs] == [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.1] * 6]
    assert board.marks == [1, 5, 6, 7, 8, 2] * 2
    assert board.time < 1000, "a call must begin as soon as its sensor has data, not when a clock says so"


def test_a_sensor_without_data_is_a_failure(library: Library) -> None:
    board = FakeBoard()
    board.receive = lambda _: encode_frame(2, board.of_kind("need")[-1]["request"], 0)
    line = first_error(library, rune(SENSOR), board)
    assert line["code"] == "no-data"
    assert line["message"].startswith('Unable to create the "ACCEL" capability')


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("unreachable", "trap", "unreachable executed"),
        ("(drop (i32.div_u (i32.const 1) (i32.load (i32.const 4000))))", "trap", "integer divide by zero"),
        ("(drop (i32.load (i32.const 4093)))", "trap", "out of bounds memory access"),
        ("(drop (i32.load (i32.const 4092)))", None, None),
        ("(i64.store (i32.const 4089) (i64.const 0))", "trap", "out of bounds memory access"),
        ("(memory.fill (i32.const 4090) (i32.const 0) (i32.const 7))", "trap", "out of bounds memory access"),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", "trap", "invalid conversion to integer"),
        ("(drop (call $emit (i32.const 7) (i32.const 0) (i32.const 0)))", "bad-handle", "The handle 7 is no output"),
        ("(drop (call $debug (i32.const 4095) (i32.const 2)))", "bad-pointer", None),
    ],
)
def test_traps(library: Library, body: str, code: str | None, message: str | None) -> None:
    if code is None:
        board = FakeBoard()
        board.keep_running = until(1)
        assert run(library, board, FakeImage(calls(body))) == "ok"
        return
    line = first_error(library, calls(body))
    assert (line["code"], line["stage"]) == (code, None)
    assert message is None or line["message"] == message


def test_an_error_record_names_the_stage(library: Library) -> None:
    record = b'{"level":"ERROR","target":"norm","message":"empty"}'
    body = f"(drop (call $debug (i32.const 64) (i32.const {len(record)})))"
    wasm = rune(
        data(64, record)
        + f"""(func (export "_manifest") (result i32) (i32.const 1))
        (func (export "_call") (param i32 i32 i32) (result i32) {body} unreachable)"""
    )
    line = first_error(library, wasm)
    assert (line["code"], line["stage"], line["message"]) == ("block", "norm", "empty")


def test_a_failing_manifest(library: Library) -> None:
    wasm = rune(
        """(func (export "_manifest") (result i32) (call $capability (i32.const 99)))
        (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0))"""
    )
    assert first_error(library, wasm)["code"] == "no-capability"


RECURSION = """
  (func $deep (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
  (func $loops (param i32)
    (loop (call $loops (i32.add (local.get 0) (i32.const 1)))))
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32) BODY (i32.const 0))
"""


@pytest.mark.parametrize("body", ["(drop (call $deep (i32.const 1000000)))", "(call $loops (i32.const 0))"])
def test_endless_recursion_is_a_trap(library: Library, body: str) -> None:
    assert first_error(library, rune(RECURSION.replace("BODY", body)))["code"] == "stack-overflow"


def test_calls_of_some_depth_are_possible(library: Library) -> None:
    board = FakeBoard()
    board.keep_running = until(1)
    wasm = rune(RECURSION.replace("BODY", "(drop (call $deep (i32.const 20)))"))
    assert run(library, board, FakeImage(wasm)) == "ok"


@pytest.mark.parametrize("more_locals", range(0, 8, 2))  # so that some deepest frame ends where the stack does
def test_host_calls_near_the_end_of_the_stack_stay_inside(library: Library, more_locals: int) -> None:
    """A caller writes the arguments of a host function beyond its own frame, where wasm3 does not look for room.

    Each call recurses one deeper than the one before, until the stack overflows, and ends in an import with many
    arguments. What changes in the heap meanwhile must be the stack alone.
    """
    wasm = rune(
        data(16, b"n")
        + """(func $deep (param i32)
      (if (i32.eqz (local.get 0))
        (then (drop (call $parameter
          (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 20) (i32.const 4) (i32.const 1))))
        (else (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "_manifest") (result i32) (call $capability (i32.const 3)))
    (func (export "_call") (param i32 i32 i32) (result i32) """
        + "(local i64)" * more_locals
        + """
      (drop (call $read (i32.const 4000) (i32.const 4) (i32.const 0)))
      (call $deep (i32.load (i32.const 4000)))
      (i32.const 0))""",
        memory=4096,
    )
    heaps: list[bytes] = []
    codes: list[str] = []

    def read(_: Any, length: int) -> tuple[str, bytes]:
        heaps.append(ctypes.string_at(image.heap_at, image.heap_size - 4096))
        return "ok", struct.pack("<I", max(1, len(heaps) - 1))  # twice 1: calls are rewritten when first executed

    board = FakeBoard([make_driver(ACCEL, read)])
    image = FakeImage(wasm)

    def keep_running(_: int) -> bool:
        codes.extend(line["code"] for line in board.of_kind("error"))
        return not codes

    board.keep_running = keep_running
    assert run(library, board, image) == "stack-overflow"
    assert len(heaps) > 20
    changed = [
        place
        for before, after in itertools.pairwise(heaps[2:])
        for place in range(len(before))
        if before[place] != after[place]
    ]
    stack_bytes, slack = 2048, 16
    assert 1500 < max(changed) - min(changed) < stack_bytes + slack


def test_memory_does_not_grow(library: Library) -> None:
    """Not by one page, not by minus one, which would make wasm3 shrink it; the rune goes on with -1."""
    grow = """(i32.store offset=74 align=1 (i32.const 0)
      (i32.add (memory.grow (i32.const 1)) (i32.mul (i32.const 100) (memory.grow (i32.const -1)))))
      (drop (i32.load (i32.const 4092)))"""
    board = FakeBoard()
    board.keep_running = until(2)
    assert run(library, board, FakeImage(counting(grow))) == "ok"
    assert [line["elements"] for line in board.outputs] == [[-101], [-101]]


def test_the_rune_is_restarted_from_a_full_reset(library: Library) -> None:
    """The third call traps each time: the count begins again, drivers and models are reset, time passes before."""
    resets: list[str] = []
    board = FakeBoard(
        [make_driver(RAND, lambda capability, length: ("ok", bytes(length)), reset=lambda: resets.append("driver"))]
    )
    model = make_model("m", bytes(32), [], [], lambda from_, to: None, reset=lambda: resets.append("model"))
    board.keep_running = failures(3)
    trap = "(if (i32.eq (global.get $calls) (i32.const 3)) (then unreachable))"
    assert run(library, board, FakeImage(counting(trap), [model])) == "trap"
    kinds = [line.get("runeflash", line.get("elements")) for line in board.lines]
    assert kinds == ["boot"] + [[1], [2], "error"] * 3
    assert resets == ["driver", "model"] * 3
    assert board.time > 2 * RESTART_US


def test_data_segments_are_set_back(library: Library) -> None:
    wasm = counting("(i32.store8 (i32.const 66) (i32.const 1))")  # spoils the type's text for the next call
    board = FakeBoard()
    board.keep_running = failures(4)
    run(library, board, FakeImage(wasm))
    assert [line["code"] for line in board.of_kind("error")] == ["bad-output"] * 4


def test_a_thousand_restarts_need_no_more_heap_than_one(library: Library) -> None:
    """The heap is exactly what the first load used: a leak of any size would fail a later one."""
    wasm = counting("unreachable")
    board = FakeBoard()
    board.keep_running = failures(1)
    run(library, board, FakeImage(wasm))
    heap = board.of_kind("boot")[0]["heap"]
    board = FakeBoard()
    board.keep_running = failures(1000)
    assert run(library, board, FakeImage(wasm, heap_size=heap)) == "trap"
    errors = board.of_kind("error")
    assert len(errors) == 1000
    assert {line["message"] for line in errors} == {"unreachable executed"}


def test_the_heap_that_boot_reports_is_the_least(library: Library) -> None:
    wasm = rune(SENSOR)
    board = FakeBoard()
    board.receive = lambda _: encode_frame(2, board.of_kind("need")[-1]["request"], 0)
    board.keep_running = failures(1)
    run(library, board, FakeImage(wasm, heap_size=60_000))
    heap = board.of_kind("boot")[0]["heap"]
    assert heap % 16 == 0
    for size in (0, 16, 4096, heap // 2, heap - 16):
        line = first_error(library, wasm, heap_size=size)
        assert line["code"] == "out-of-memory"
    exact = FakeBoard()
    exact.receive = lambda _: encode_frame(2, exact.of_kind("need")[-1]["request"], 0)
    exact.keep_running = failures(1)
    assert run(library, exact, FakeImage(wasm, heap_size=heap)) == "no-data"
    assert exact.of_kind("boot")[0]["heap"] == heap


def test_linear_memory_is_aligned_to_16(library: Library) -> None:
    library.c.rune_engine_memory.restype = ctypes.c_void_p
    seen = []

    def read(_: Any, length: int) -> tuple[str, bytes]:
        size = ctypes.c_uint32()
        seen.append((library.c.rune_engine_memory(ctypes.byref(size)) % 16, size.value))
        return "ok", bytes(length)

    for memory in (4096, 4100, 4111, 1):
        board = FakeBoard([make_driver(ACCEL, read)])
        board.keep_running = until(1)
        wasm = rune(
            """(func (export "_manifest") (result i32) (drop (call $capability (i32.const 3))) (i32.const 1))
            (func (export "_call") (param i32 i32 i32) (result i32)
              (call $read (i32.const 0) (i32.const 0) (i32.const 0)))""",
            memory=memory,
        )
        assert run(library, board, FakeImage(wasm)) == "ok"
    assert seen == [(0, 4096), (0, 4100), (0, 4111), (0, 1)]


def test_a_model_through_the_engine(library: Library) -> None:
    def infer(from_: list[int], to: list[int]) -> None:
        ctypes.c_float.from_address(to[0]).value = 3 * ctypes.c_float.from_address(from_[0]).value

    mimetype = b"application/vnd.runeflash.model"
    wasm = rune(
        data(64, mimetype)
        + data(128, b"m")
        + data(132, b"f32[1]")
        + data(144, struct.pack("<2I", 132, 6))
        + data(160, struct.pack("<2I", 200, 270))
        + data(200, struct.pack("<f", 1.5))
        + data(260, struct.pack("<I", 6) + b"f32[1]")
        + f"""
  (func (export "_manifest") (result i32)
    (drop (call $load (i32.const 64) (i32.const {len(mimetype)}) (i32.const 128) (i32.const 1)
                      (i32.const 144) (i32.const 1) (i32.const 144) (i32.const 1)))
    (call $output (i32.const 5)))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (drop (call $infer (i32.const 0) (i32.const 160) (i32.const 168)))
    (f32.store (i32.const 270) (f32.load (i32.const 300)))
    (call $emit (i32.const 1) (i32.const 260) (i32.const 14)))"""
        + data(168, struct.pack("<I", 300)),
        models=(MODEL,),
    )
    board = FakeBoard()
    board.keep_running = until(1)
    model = make_model("m", hashlib.sha256(MODEL.data).digest(), [("f32", 1)], [("f32", 1)], infer)
    assert run(library, board, FakeImage(wasm, [model])) == "ok"
    assert board.outputs == [{"channel": 1, "dimensions": [1], "elements": [4.5], "type_name": "f32"}]
    assert board.marks == [1, 3, 4, 7, 8, 2]


BROKEN = {
    "no exports": lambda: rune(""),
    "no _call": lambda: rune('(func (export "_manifest") (result i32) (i32.const 1))'),
    "another signature": lambda: rune(
        """(func (export "_manifest") (result i32) (i32.const 1))
        (func (export "_call") (param i32 i64 i32) (result i32) (i32.const 1))"""
    ),
    "unknown import": lambda: rune_modules.with_sections(
        rune_modules.assemble(
            """(module (import "env" "fork" (func $fork (result i32))) (memory 1 1)
            (func (export "_manifest") (result i32) (call $fork))
            (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0)))"""
        )
    ),
    "import of another type": lambda: rune_modules.with_sections(
        rune_modules.assemble(
            """(module (import "env" "_debug" (func $debug (param i64 i32) (result i32))) (memory 1 1)
            (func (export "_manifest") (result i32) (call $debug (i64.const 0) (i32.const 0)))
            (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0)))"""
        )
    ),
    "data beyond the memory": lambda: rune(
        data(4090, b"0123456")
        + """(func (export "_manifest") (result i32) (i32.const 1))
        (func (export "_call") (param i32 i32 i32) (result i32) (i32.const 0))"""
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_modules_that_the_engine_refuses(library: Library, name: str) -> None:
    line = first_error(library, BROKEN[name]())
    assert line["code"] == "invalid-module"
    assert line["message"]


def test_a_rune_that_is_refused_still_boots_the_board(library: Library) -> None:
    board = FakeBoard()
    board.keep_running = failures(2)
    assert run(library, board, FakeImage(b"not wasm")) == "invalid-module"
    assert [line["runeflash"] for line in board.lines] == ["boot", "error", "error"]
    assert board.lines[0]["heap"] == 0


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_everything_compiles_for_a_core(compiler: str, tmp_path: Path) -> None:
    """Without a word from either compiler, for a Cortex-M4F and with picolibc's headers."""
    runtime_build.compile_for_core(compiler, runtime_build.runtime_sources(engine=True), tmp_path)


# --- the instruction budget --------------------------------------------------------------------------------

#: A rune that keeps its stage in a global: 1 reads nothing and ends, 2 is where it loops for ever.
LOOPING = """
  (global $stage (mut i32) (i32.const 0))
  (func (export "_manifest") (result i32) (i32.const 1))
  (func (export "_call") (param i32 i32 i32) (result i32)
    (global.set $stage (i32.const 1))
    (global.set $stage (i32.const 2))
    (loop $again BODY (br $again))
    (i32.const 0))
"""


def looping(body: str = "") -> bytes:
    text = f'(module {rune_modules.IMPORTS} (memory (export "memory") 1 1)\n{LOOPING.replace("BODY", body)})'
    return rune_modules.with_sections(rune_modules.counted(rune_modules.assemble(text), stage_global=0))


def test_a_loop_without_end_names_its_stage_and_starts_anew(library: Library) -> None:
    board = FakeBoard()
    board.keep_running = failures(3)
    image = FakeImage(looping(), stages=("audio", "fft"), budget=100_000)
    assert run(library, board, image) == "budget-exhausted"
    expected = {
        "runeflash": "error",
        "code": "budget-exhausted",
        "stage": "fft",
        "message": "the instruction budget is used up",
    }
    assert board.of_kind("error") == [expected] * 3
    assert len(board.of_kind("boot")) == 1


@pytest.mark.parametrize(
    ("body", "least", "most"),
    [
        # the weight of an iteration is that of its instructions, so the calls of the host tell how many there were
        ("(drop (call $debug (i32.const 0) (i32.const 0)))", 450, 500),
        (
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const 4000))"
            "(drop (call $debug (i32.const 0) (i32.const 0)))",
            43,
            48,
        ),
    ],
)
def test_what_a_budget_pays_for(library: Library, body: str, least: int, most: int) -> None:
    board = FakeBoard()
    board.keep_running = failures(1)
    run(library, board, FakeImage(looping(body), budget=100_000))
    assert least <= len(board.of_kind("log")) <= most


def test_each_call_has_its_own_budget(library: Library) -> None:
    body = """(local.set $i (i32.const 100)) (loop $more
      (br_if $more (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))"""
    wasm = rune(
        f"""(func (export "_manifest") (result i32) (i32.const 1))
        (func (export "_call") (param i32 i32 i32) (result i32) (local $i i32) {body} (i32.const 0))"""
    )
    board = FakeBoard()
    board.keep_running = until(5)
    assert run(library, board, FakeImage(wasm, budget=2000)) == "ok"
    assert board.of_kind("error") == []  # two calls need more


def test_the_watchdog_is_fed_after_the_manifest_and_every_call(library: Library) -> None:
    board = FakeBoard()
    board.keep_running = until(3)
    assert run(library, board, FakeImage(counting())) == "ok"
    assert board.watchdog == [30_000, "fed", "fed", "fed", "fed"]
