"""What a virtual board reports when firmware does what the real chip would not let pass, or not survive."""

from __future__ import annotations

from runeflash.errors import DeviceError


class VirtualFault(DeviceError):  # noqa: N818 - a processor has faults
    """The firmware did something wrong; the virtual board has stopped.

    Attributes:
        what: what it did, without the places.
        pc: the address of the instruction.
        address: the address that was accessed, or None where there is none.
    """

    def __init__(self, what: str, *, pc: int, address: int | None = None) -> None:
        where = f"instruction at 0x{pc:08x}"
        if address is not None:
            where += f", address 0x{address:08x}"
        super().__init__(f"the firmware failed on the virtual board: {what} ({where})")
        self.what = what
        self.pc = pc
        self.address = address
