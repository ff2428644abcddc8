"""Virtual boards: a Cortex-M4F with a chip's peripherals, running the image that is flashed.

:class:`~runeflash.virtual.board.VirtualBoard` is a board; :func:`~runeflash.virtual.measure.run_program` runs a bare
program. Both count instructions exactly. One instruction is one cycle of the chip's core clock: virtual time repeats
to the cycle, and a sleeping core costs no real time.

From the bottom up: ``hook`` (the C function before every instruction), ``events`` (virtual time), ``bus`` (peripherals
and their registers), ``core`` and ``nvic`` (exceptions), ``system_control``, ``systick`` and ``itm`` (the core's own
registers), ``machine`` (all of them together), ``peripherals`` and ``chips``, ``board``.

What the models leave out on purpose: exception entry and return take no cycles, an interrupt that comes within an IT
block is taken after it, and no fault is delivered to the firmware: it ends the run as a
:class:`~runeflash.virtual.faults.VirtualFault`, because a firmware that faults is wrong.
"""
