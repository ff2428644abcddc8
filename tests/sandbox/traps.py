"""The traps that a hostile rune can spring, and what each must be answered with: the same in both engines."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from hostile_rune import (
    ANOTHER_TYPE,
    BEYOND,
    BUDGET,
    DESCRIPTORS,
    DIVISIONS,
    LOADS,
    MODEL,
    NULL,
    OPEN,
    OUTSIDE,
    POINTERS,
    PRINTED,
    RAW,
    SERIAL,
    SIZE,
    STORES,
    TENSOR,
    TEXT,
    TRUNCATIONS,
    Trap,
    offsets,
    order,
)

TOP = 0xFFFFFFFF
#: Stretches of memory (address, length) that are not all inside.
OUTSIDE_SPANS = (
    (SIZE, 1),
    (SIZE - 1, 2),
    (SIZE - 3, 4),
    (TOP, 1),
    (TOP, 2),
    (0, SIZE + 1),
    (0, TOP),
    (1 << 31, 1 << 31),
)
ALIGNMENT = "a host call with a pointer that is not aligned"
NO_HANDLES = (5, 31, 32, 1 << 31, TOP)


def all_traps() -> list[Trap]:
    """Return every trap, row by row."""
    return [*_accesses(), *_bulk(), *_arithmetic(), *_control(), *_pointers(), *_handles(), *_arguments(), *_models()]


def one_per_row(traps: list[Trap]) -> list[Trap]:
    """Return the first trap of each row of the table."""
    return list({trap.row: trap for trap in reversed(traps)}.values())[::-1]


def alignment_traps(traps: list[Trap]) -> list[Trap]:
    """Return those that are about alignment."""
    return [trap for trap in traps if trap.row == ALIGNMENT]


def wrong_answers(traps: Sequence[Trap], answers: Sequence[dict[str, Any]]) -> list[str]:
    """Say which traps were answered with something else than their error line."""
    assert len(traps) == len(answers)
    wrong = []
    for trap, answer in zip(traps, answers, strict=True):
        expected = {"runeflash": "error", "code": trap.code, "stage": trap.stage}
        got = {key: value for key, value in answer.items() if key != "message"}
        message = answer.get("message", "")
        if got != expected or trap.message not in message or not message:
            wrong.append(f"{trap.row}, {trap.name}: {answer}, not {expected} {trap.message}")
    return wrong


def legal_accesses() -> list[bytes]:
    """Return accesses of the last bytes that are inside: these must not trap."""
    orders = []
    for name, width in (LOADS | STORES).items():
        zero, last, *_ = offsets(width)
        if not name.startswith(("f32.store", "f64.store", "i32.store", "i64.store")):
            orders += [order(f"{name} {zero}", SIZE - width), order(f"{name} {last}", 0)]
    # Where a store at the end would change the mark, it is set to what it was.
    mark = struct.unpack("<2I", struct.pack("<Q", 77 << 32))
    orders += [order("i64.store 0", SIZE - 8, *mark), order("i32.store 0", SIZE - 4, 77)]
    orders += [
        order("memory.copy", SIZE, 0, 0),
        order("memory.copy", 0, SIZE, 0),
        order("memory.fill", SIZE, 1, 0),
        order("memory.copy", SIZE - 4, SIZE - 4, 4),
        order("i32.rem_s", 1 << 31, TOP),
        order("i64.rem_s", 0, 1 << 31, TOP, TOP),
    ]
    return orders


def _accesses() -> Iterator[Trap]:
    for row, names in (("out-of-bounds load", LOADS), ("out-of-bounds store", STORES)):
        for name, width in names.items():
            zero, last, beyond, largest = offsets(width)
            places = [(zero, address) for address in (SIZE - width + 1, SIZE, 0x7FFFFFFF, 1 << 31, TOP)]
            places += [(last, 1), (last, TOP), (beyond, 0), (beyond, TOP), (largest, 0), (largest, 1), (largest, TOP)]
            for offset, address in places:
                action = f"{name} {offset}"
                yield Trap(
                    row,
                    f"{action} at {address}",
                    order(action, address, 0x5A5A5A5A, 0x5A5A5A5A),
                    "trap",
                    "out of bounds memory access",
                )


def _bulk() -> Iterator[Trap]:
    spans = [(address, length) for address, length in OUTSIDE_SPANS if length < 4 * BUDGET]
    for row, name, words in (
        ("out-of-bounds fill", "memory.fill", lambda at, length: (at, 0x5A, length)),
        ("out-of-bounds copy", "memory.copy", lambda at, length: (at, 0, length)),
        ("out-of-bounds copy", "memory.copy", lambda at, length: (0, at, length)),
    ):
        for address, length in spans:
            yield Trap(
                row,
                f"{name}{words(address, length)}",
                order(name, *words(address, length)),
                "trap",
                "out of bounds memory access",
            )


def _arithmetic() -> Iterator[Trap]:
    for name in DIVISIONS:
        yield Trap("division by zero", name, order(name, 5), "trap", "integer divide by zero")
        yield Trap("division by zero", f"{name} 0", order(name), "trap", "integer divide by zero")
    row = "the least integer divided by -1"
    yield Trap(row, "i32.div_s", order("i32.div_s", 1 << 31, TOP), "trap", "integer overflow")
    yield Trap(row, "i64.div_s", order("i64.div_s", 0, 1 << 31, TOP, TOP), "trap", "integer overflow")
    row = "a float that is no integer"
    for name in TRUNCATIONS:
        form, of = ("<f", "f32") if "_f32_" in name else ("<d", "f64")
        bits = 32 if name.startswith("i32") else 64
        low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1)) if name.endswith("_s") else (0.0, 2.0**bits)
        below = low - 2.0 ** (bits - 22) if name.endswith("_s") and of == "f32" else low - 2.0 ** max(bits - 53, 0)
        for value in (float("inf"), float("-inf"), high, below, 1e30, -1e30):
            words = struct.unpack(f"<{struct.calcsize(form) // 4}I", struct.pack(form, value))
            yield Trap(row, f"{name} {value}", order(name, *words), "trap", "integer overflow")
        nan = struct.unpack(f"<{struct.calcsize(form) // 4}I", struct.pack(form, float("nan")))
        yield Trap(row, f"{name} nan", order(name, *nan), "trap", "invalid conversion to integer")


def _control() -> Iterator[Trap]:
    yield Trap("unreachable", "unreachable", order("unreachable"), "trap", "unreachable executed")
    row = "an indirect call of what is not there"
    yield Trap(row, "null", order(NULL), "trap", "null table element")
    yield Trap(row, "beyond the table", order(BEYOND), "trap", "undefined element")
    yield Trap(row, "far beyond the table", order(TOP), "trap", "undefined element")
    row = "an indirect call of another signature"
    yield Trap(row, row, order(ANOTHER_TYPE), "trap", "indirect call type mismatch")
    for name in ("recursion", "recursion with many locals", "recursion through the table"):
        row = "exhausted wasm stack" if "locals" in name else "exhausted C stack"
        yield Trap(row, name, order(name), "stack-overflow", "stack overflow")
    yield Trap("an endless loop", "loop", order("loop"), "budget-exhausted", "the instruction budget is used up")


def _pointers() -> Iterator[Trap]:
    row = "a host call with a bad pointer or length"
    leaves = "The pointer "
    for at, length in OUTSIDE_SPANS:
        span = (at, length)
        for name, words, stage in (
            ("debug", span, "attack"),
            ("parameter", (RAW, *span, TEXT["hz"][0], 4, 1), "attack"),
            ("parameter", (RAW, *TEXT["hz"][:2], *span, 1), "attack"),
            ("emit", (TENSOR, *span), "attack"),
            ("emit", (SERIAL, *span), "attack"),
            ("load", (*span, *TEXT["net"][:2], DESCRIPTORS["in"], 1, DESCRIPTORS["out"], 1), "attack"),
            ("load", (*TEXT["mimetype"][:2], *span, DESCRIPTORS["in"], 1, DESCRIPTORS["out"], 1), "attack"),
            ("open", span, "attack"),
            ("get", (OPEN, *span), "attack"),
        ):
            yield Trap(row, f"{name}{words}", order(f"env {name}", *words), "bad-pointer", leaves, stage)
        if at % 4 == 0:
            yield Trap(row, f"read{span}", order("env read", *span, RAW), "bad-pointer", leaves)
    for at in (SIZE, SIZE - 4, TOP - 3, 1 << 31):
        words = (*TEXT["mimetype"][:2], *TEXT["net"][:2])
        yield Trap(
            row, f"inputs {at}", order("env load", *words, at, 1, DESCRIPTORS["out"], 1), "bad-pointer", leaves, "net"
        )
        yield Trap(
            row, f"outputs {at}", order("env load", *words, DESCRIPTORS["in"], 1, at, 1), "bad-pointer", leaves, "net"
        )
    words = (*TEXT["mimetype"][:2], *TEXT["net"][:2], OUTSIDE, 1, DESCRIPTORS["out"], 1)
    yield Trap(row, "a descriptor outside", order("env load", *words), "bad-pointer", leaves, "net")
    for at in (SIZE, TOP - 3, 1 << 31):
        yield Trap(row, f"tensors {at}", order("env infer", MODEL, at, POINTERS + 4), "bad-pointer", leaves, "net")
        yield Trap(row, f"results {at}", order("env infer", MODEL, POINTERS, at), "bad-pointer", leaves, "net")
    row = ALIGNMENT
    for odd in (1, 2, 3):
        aligned = "is not aligned to 4 bytes"
        yield Trap(row, f"read {odd}", order("env read", odd, 4, RAW), "bad-pointer", aligned)
        words = (*TEXT["mimetype"][:2], *TEXT["net"][:2])
        yield Trap(
            row,
            f"load {odd}",
            order("env load", *words, DESCRIPTORS["in"] + odd, 1, DESCRIPTORS["out"], 1),
            "bad-pointer",
            aligned,
            "net",
        )
        yield Trap(
            row, f"infer {odd}", order("env infer", MODEL, POINTERS + odd, POINTERS + 4), "bad-pointer", aligned, "net"
        )
    yield Trap(row, "a tensor", order("env infer", MODEL, POINTERS + 8, POINTERS + 4), "bad-pointer", aligned, "net")
    yield Trap(row, "a result", order("env infer", MODEL, POINTERS, POINTERS + 8), "bad-pointer", aligned, "net")


def _handles() -> Iterator[Trap]:
    row = "a bad handle"
    for number in (*NO_HANDLES, *range(5)):
        for name, kind, words in (
            ("parameter", RAW, (number, *TEXT["hz"][:2], TEXT["hz"][0], 4, 1)),
            ("read", RAW, (0, 4, number)),
            ("infer", MODEL, (number, POINTERS, POINTERS + 4)),
            ("get", OPEN, (number, 0, 1)),
            ("close", OPEN, (number,)),
        ):
            if number != kind:
                yield Trap(row, f"{name} {number}", order(f"env {name}", *words), "bad-handle", f"The handle {number} ")
        if number not in (TENSOR, SERIAL):
            yield Trap(
                row, f"emit {number}", order("env emit", number, PRINTED, 8), "bad-handle", f"The handle {number} "
            )
    yield Trap("too many handles", "outputs", order("handles"), "too-many-handles", "The rune asks for more than")


def _arguments() -> Iterator[Trap]:
    row = "a bad parameter"
    name, length, _ = TEXT["hz"]
    for what, words in (
        ("three bytes", (RAW, name, length, name, 3, 1)),
        ("no bytes", (RAW, name, length, name, 0, 5)),
        ("type 0", (RAW, name, length, name, 4, 0)),
        ("type 3", (RAW, name, length, name, 4, 3)),
        ("type 8", (RAW, name, length, name, 4, 8)),
        ("the last type", (RAW, name, length, name, 4, TOP)),
        ("no name", (RAW, name, 0, name, 4, 1)),
        ("a long name", (RAW, name, 24, name, 4, 1)),
        ("a name of the whole memory", (RAW, 0, SIZE, name, 4, 1)),
    ):
        yield Trap(row, what, order("env parameter", *words), "bad-parameter", "")
    row = "an unknown capability"
    for kind in (0, 6, 1 << 31, TOP):
        yield Trap(row, str(kind), order("env capability", kind), "no-capability", "Unable to create")
    row = "an output that is none"
    for kind in (0, 2, 4, 6, TOP):
        yield Trap(row, f"kind {kind}", order("env output", kind), "bad-output", "There are no outputs")
    for what, words in (
        ("a whole memory", (TENSOR, 0, SIZE)),
        ("nothing", (TENSOR, 0, 0)),
        ("cut", (TENSOR, PRINTED, 29)),
        ("more", (TENSOR, PRINTED, 31)),
        ("two lines", (SERIAL, *TEXT["line"][:2])),
        ("no text", (SERIAL, *TEXT["utf8"][:2])),
    ):
        yield Trap(row, what, order("env emit", *words), "bad-output", "")
    row = "an unknown resource"
    yield Trap(row, "other", order("env open", *TEXT["other"][:2]), "no-resource", "The rune has no resource")
    row = "a block that reports an error"
    yield Trap(row, row, order("env debug", *TEXT["error"][:2]), "block", "the block says no")


def _models() -> Iterator[Trap]:
    net, good_in, good_out = TEXT["net"][:2], (DESCRIPTORS["in"], 1), (DESCRIPTORS["out"], 1)
    row = "an unknown mimetype"
    for name in ("other", "tflite", "utf8"):
        words = (*TEXT[name][:2], *net, *good_in, *good_out)
        yield Trap(row, name, order("env load", *words), "bad-model", "")
    mimetype = TEXT["mimetype"][:2]
    row = "a model that is not there"
    words = (*mimetype, *TEXT["other"][:2], *good_in, *good_out)
    yield Trap(row, row, order("env load", *words), "bad-model", 'The firmware has no model "other"', "other")
    row = "a model that is asked for with other sizes"
    for name in ("wrong size", "wrong type", "nonsense", "out"):
        words = (*mimetype, *net, DESCRIPTORS[name], 1, *good_out)
        yield Trap(row, name, order("env load", *words), "bad-model", "The rune says that input 0", "net")
    for name in ("wrong size", "nonsense", "in"):
        words = (*mimetype, *net, *good_in, DESCRIPTORS[name], 1)
        yield Trap(row, f"{name} for the output", order("env load", *words), "bad-model", "", "net")
    for count in (0, 2, 1 << 29, TOP):
        for inputs, outputs in (((good_in[0], count), good_out), (good_in, (good_out[0], count))):
            words = (*mimetype, *net, *inputs, *outputs)
            case = f"{inputs[1]} to {outputs[1]}"
            yield Trap(row, case, order("env load", *words), "bad-model", "The rune says that the model has", "net")
    row = "tensors that lie outside, or in each other"
    for what, words, message in (
        ("outside", (MODEL, POINTERS + 12, POINTERS + 4), "The pointer "),
        ("a result outside", (MODEL, POINTERS, POINTERS + 12), "The pointer "),
        ("the same", (MODEL, POINTERS, POINTERS), "Output 0 of the model overlaps"),
    ):
        yield Trap(row, what, order("env infer", *words), "bad-pointer", message, "net")
