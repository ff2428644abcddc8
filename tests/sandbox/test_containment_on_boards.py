"""Everything bad that a rune can do, in the firmware of each virtual board, which faults on whatever the chip would."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import pytest
from hostile_firmware import build_hostile, run_qemu, run_virtual
from hostile_rune import Trap, good, good_line, hostile_rune
from traps import alignment_traps, all_traps, one_per_row, wrong_answers

from runeflash.boards import all_boards
from runeflash.errors import UserError
from runeflash.firmware.module import firmware_module
from runeflash.firmware.options import ENGINES
from runeflash.firmware.stack import stack_bound

TRAPS = all_traps()
ROWS = one_per_row(TRAPS)
BOARDS = [board.id for board in all_boards() if board.virtual is not None]
QEMU_BOARD = "netduinoplus2"

Images = Callable[[str, str, str], Path]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Builds an image for a board, with an engine and a toolchain: once."""

    @cache
    def build(board: str, engine: str, toolchain: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            return build_hostile(board, engine, toolchain, tmp_path_factory.mktemp("hostile"), patch)

    return build


def check(board: str, image: Path, traps: list[Trap]) -> None:
    """Spring traps in a row; before and after them, the rune works as after a reset."""
    orders = [good(1, 1), good(2, 2), *(trap.order for trap in traps), good(3, 4), good(5, 6)]
    boot, first, second, *answers, third, fourth = run_virtual(board, image, orders)
    assert (boot["runeflash"], boot["reset"]) == ("boot", "power-on")
    assert wrong_answers(traps, answers) == []
    assert [first, second] == [good_line(1, 1, 1), good_line(2, 2, 2)]
    assert [third, fourth] == [good_line(3, 4, 1), good_line(5, 6, 2)]


def test_a_thousand_traps_in_a_row(images: Images) -> None:
    """Of every row of the table, one after the other."""
    check("nano33ble", images("nano33ble", "aot", "auto"), list(islice(cycle(ROWS), 1000)))


def test_each_row_in_the_interpreter(images: Images) -> None:
    check(QEMU_BOARD, images(QEMU_BOARD, "wasm3", "auto"), ROWS)


def test_alignment_on_qemu(images: Images) -> None:
    """QEMU faults on an access that is not aligned where the chip does, and nobody here has written it."""
    traps = alignment_traps(TRAPS)[::3]
    orders = [good(1, 1), *(trap.order for trap in traps), good(3, 4)]
    boot, first, *answers, last = run_qemu(QEMU_BOARD, images(QEMU_BOARD, "wasm3", "auto"), orders)
    assert boot["runeflash"] == "boot"
    assert wrong_answers(traps, answers) == []
    assert [first, last] == [good_line(1, 1, 1), good_line(3, 4, 1)]


@pytest.mark.parametrize(("board", "engine"), [("nano33ble", "aot"), (QEMU_BOARD, "wasm3")])
def test_recursion_is_refused(images: Images, board: str, engine: str) -> None:
    """What the tests leave out of the build: it finds that the hostile rune calls itself."""
    elf = images(board, engine, "auto").with_name("firmware.elf")
    with pytest.raises(UserError, match="calls itself"):
        stack_bound(elf, firmware_module(hostile_rune()), 1000 if engine == "wasm3" else None)


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("board", BOARDS)
def test_every_trap(images: Images, board: str, engine: str, toolchain: str) -> None:
    """All of them in a row, more than a thousand."""
    check(board, images(board, engine, toolchain), [*TRAPS, *reversed(TRAPS)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("row", [trap.row for trap in ROWS])
@pytest.mark.parametrize("engine", ENGINES)
def test_one_trap_a_thousand_times(images: Images, engine: str, row: str) -> None:
    trap = next(trap for trap in ROWS if trap.row == row)
    check("nano33ble", images("nano33ble", engine, "auto"), [trap] * 1000)


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ENGINES)
def test_all_alignment_on_qemu(images: Images, engine: str, toolchain: str) -> None:
    traps = alignment_traps(TRAPS)
    orders = [*(trap.order for trap in traps), good(3, 4)]
    boot, *answers, last = run_qemu(QEMU_BOARD, images(QEMU_BOARD, engine, toolchain), orders)
    assert boot["runeflash"] == "boot"
    assert wrong_answers(traps, answers) == []
    assert last == good_line(3, 4, 1)
