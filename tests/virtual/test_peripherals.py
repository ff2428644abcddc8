"""Models alone: virtual time, the NVIC, and the timer against a plain count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runeflash.virtual.bus import BusError
from runeflash.virtual.events import EventQueue
from runeflash.virtual.machine import Machine, Region
from runeflash.virtual.nvic import Nvic
from runeflash.virtual.peripherals.nrf52840.gpio import Gpio
from runeflash.virtual.peripherals.nrf52840.timer import Timer

START, STOP, COUNT, CLEAR, CAPTURE = 0x000, 0x004, 0x008, 0x00C, 0x040
COMPARE, MODE, BITMODE, PRESCALER, CC = 0x140, 0x504, 0x508, 0x510, 0x540


def machine() -> Machine:
    return Machine(flash=Region(0, 0x1000, False), ram=Region(0x20000000, 0x1000, True), interrupts=48, priority_bits=3)


class Clock:
    """Virtual time without a core."""

    def __init__(self) -> None:
        self.machine = machine()
        self.machine.nvic.enabled = 0

    def advance(self, cycles: int) -> None:
        end = self.machine.now + cycles
        while (time := self.machine._events.next_time()) is not None and time <= end:
            self.machine._slept += time - self.machine.now
            self.machine._run_events()
        self.machine._slept += end - self.machine.now


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30))
def test_events_come_in_order(plan: list[tuple[int, bool]]) -> None:
    queue = EventQueue()
    seen: list[int] = []
    expected = []
    for number, (time, cancelled) in enumerate(plan):
        event = queue.add(time, lambda number=number: seen.append(number))  # type: ignore[misc]
        if cancelled:
            event.cancel()
        else:
            expected.append((time, number))
    while (due := queue.pop_due(50)) is not None:
        due.action()
    assert seen == [number for _, number in sorted(expected)]
    assert queue.next_time() is None


@given(
    prescaler=st.integers(0, 9),
    width=st.sampled_from([(0, 16), (1, 8), (2, 24), (3, 32)]),
    compare=st.integers(0, 600),
    steps=st.lists(st.integers(1, 5000), min_size=1, max_size=8),
)
def test_timer_counts_and_compares(prescaler: int, width: tuple[int, int], compare: int, steps: list[int]) -> None:
    clock = Clock()
    timer = Timer(clock.machine, "TIMER0", 0x40008000, 4)
    timer.write(BITMODE, 4, width[0])
    timer.write(PRESCALER, 4, prescaler)
    timer.write(CC, 4, compare)
    timer.write(START, 4, 1)
    elapsed = 0
    for step in steps:
        before = elapsed // (4 << prescaler)
        clock.advance(step)
        elapsed += step
        ticks = elapsed // (4 << prescaler)
        timer.write(CAPTURE + 4, 4, 1)
        assert timer.read(CC + 4, 4) == ticks % (1 << width[1])
        reached = any(n % (1 << width[1]) == compare % (1 << width[1]) for n in range(before + 1, ticks + 1))
        assert timer.read(COMPARE, 4) == int(reached)
        timer.write(COMPARE, 4, 0)
    timer.write(STOP, 4, 1)
    clock.advance(100_000)
    timer.write(CAPTURE + 4, 4, 1)
    assert timer.read(CC + 4, 4) == elapsed // (4 << prescaler) % (1 << width[1])


def test_counter_mode_counts_tasks_only() -> None:
    clock = Clock()
    timer = Timer(clock.machine, "TIMER4", 0x4001B000, 6)
    timer.write(MODE, 4, 2)
    timer.write(BITMODE, 4, 3)
    timer.write(CC + 4, 4, 2)
    timer.write(COUNT, 4, 1)  # not started yet
    timer.write(START, 4, 1)
    clock.advance(1000)
    for _ in range(2):
        timer.trigger(COUNT)
    timer.write(CAPTURE, 4, 1)
    assert timer.read(CC, 4) == 2
    assert timer.read(COMPARE + 4, 4) == 1
    timer.write(CLEAR, 4, 1)
    timer.write(CAPTURE, 4, 1)
    assert timer.read(CC, 4) == 0


@given(st.lists(st.tuples(st.integers(0, 47), st.integers(0, 255)), min_size=1, max_size=8))
def test_the_most_urgent_exception_is_next(requests: list[tuple[int, int]]) -> None:
    nvic = Nvic(48, 3)
    for irq, priority in requests:
        nvic.set_priority(16 + irq, priority)
        nvic.enabled |= 1 << (16 + irq)
        nvic.set_pending(16 + irq)
    expected = min((nvic.priority(16 + irq), 16 + irq) for irq, _ in requests)[1]
    assert nvic.most_urgent() == expected
    assert all(nvic.priority(16 + irq) % 32 == 0 for irq, _ in requests)


def test_a_line_that_stays_high_interrupts_again() -> None:
    nvic = Nvic(48, 3)
    nvic.enabled |= 1 << 20
    nvic.set_line(20, True)
    nvic.enter(20)
    assert nvic.most_urgent() is None
    nvic.leave()
    assert nvic.most_urgent() == 20
    nvic.enter(20)
    nvic.set_line(20, False)
    nvic.leave()
    assert nvic.most_urgent() is None


def test_gpio_levels() -> None:
    port = Gpio("P0", 0x50000000, 32)
    port.write(0x700 + 4 * 3, 4, 3)  # an output; its input buffer is disconnected
    port.write(0x508, 4, 1 << 3)
    port.write(0x700 + 4 * 4, 4, 0xC)  # an input with pull-up
    port.write(0x700 + 4 * 5, 4, 0x0)
    assert port.output(3)
    assert port.read(0x510, 4) == 1 << 4
    port.levels_in = {4: False, 5: True}
    assert port.read(0x510, 4) == 1 << 5
    assert port.read(0x514, 4) == 1 << 3


def test_registers_that_are_not_there_are_errors() -> None:
    port = Gpio("P1", 0x50000300, 16)
    for access in (lambda: port.read(0x7FC, 4), lambda: port.write(0x510, 4, 0), lambda: port.read(0x504, 1)):
        try:
            access()
        except BusError as error:
            assert "P1" in str(error)
        else:
            raise AssertionError("no error")
