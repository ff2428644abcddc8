"""One board: PlatformIO's board format plus a ``runeflash`` object, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runeflash.errors import UserError

#: Kinds of data that the host can play into a board over the serial port.
STREAMED = ("SOUND", "ACCEL", "IMAGE", "RAW")


@dataclass(frozen=True)
class MemoryRegion:
    """A stretch of memory: address of the first byte, bytes."""

    origin: int
    length: int


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        id: the file's name without ``.json``, as ``--board`` has it.
        name: for people.
        path: the file.
        family: the family's platform (``runeflash-arduino``).
        cpu, fpu: as gcc names them.
        clock_hz: what the core runs at.
        flash: where the application goes, and the most it may take.
        ram: what the application may use.
        stack: bytes of C stack that every firmware reserves.
        baud: of the serial port.
        drivers: capability to the name of the driver that serves it.
        sensors: modes that ``--sensors`` takes here; the first is the default.
        virtual: the virtual board (its ``chip``), or None.
        sources: the board's C files, relative to the family's folder.
        watchdog_longest_ms: how long the hardware watchdog can wait at most, or None for a board without one.
    """

    id: str
    name: str
    path: Path
    family: str
    cpu: str
    fpu: str
    mcu: str
    clock_hz: int
    flash: MemoryRegion
    ram: MemoryRegion
    stack: int
    baud: int
    drivers: Mapping[str, str]
    sensors: tuple[str, ...]
    virtual: Mapping[str, Any] | None
    sources: tuple[str, ...]
    watchdog_longest_ms: int | None

    def capabilities(self, sensors: str) -> frozenset[str]:
        """Return the capabilities that firmware for this board has in a mode of ``--sensors``."""
        return frozenset(self.drivers) | (frozenset(STREAMED) if sensors == "stream" else frozenset())


def read_board(path: Path, family: str | None = None) -> Board:
    """Read a board's file.

    Args:
        path: the JSON file.
        family: the family it lies in; None reads it from ``runeflash.family``.

    Raises:
        UserError: the file cannot be read, is not JSON, or lacks something.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"the board file {path} cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise UserError(f"the board file {path} is not JSON: {error}") from error
    return _board(_Object(path, "", content), path, family)


def _board(top: _Object, path: Path, family: str | None) -> Board:
    build, upload, ours = top.object("build"), top.object("upload"), top.object("runeflash")
    memory = ours.object("memory")
    ram = memory.region("ram")
    flash = memory.region("flash")
    if upload.number("maximum_size") > flash.length or upload.number("maximum_ram_size") > ram.length:
        raise UserError(f"the board file {path} has more in upload.maximum_… than in runeflash.memory")
    return Board(
        id=path.stem,
        name=top.text("name"),
        path=path,
        family=f"runeflash-{family}" if family else ours.text("family"),
        cpu=build.text("cpu"),
        fpu=build.text("fpu", ""),
        mcu=build.text("mcu"),
        clock_hz=_hertz(path, build.text("f_cpu")),
        flash=MemoryRegion(flash.origin, upload.number("maximum_size")),
        ram=MemoryRegion(ram.origin, upload.number("maximum_ram_size")),
        stack=memory.number("stack"),
        baud=ours.object("serial").number("baud"),
        drivers=ours.texts("capabilities"),
        sensors=ours.list("sensors"),
        virtual=ours.optional_object("virtual"),
        sources=ours.list("sources"),
        watchdog_longest_ms=ours.object("watchdog").number("longest_ms") if ours.optional_object("watchdog") else None,
    )


def _hertz(path: Path, text: str) -> int:
    """Return a clock of PlatformIO's board format: a C constant, ``64000000L``."""
    digits = text.rstrip("uUlL")
    if not digits.isdecimal() or int(digits) == 0:
        raise UserError(f"the board file {path} should have a number of hertz at build.f_cpu, not {text!r}")
    return int(digits)


class _Object:
    """An object of the file, with errors that name the key."""

    def __init__(self, path: Path, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise UserError(f"the board file {path} should have an object at {key or 'its top'}")
        self._path, self._key, self._value = path, key, value

    def _get(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        name = f"{self._key}.{key}" if self._key else key
        value = self._value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UserError(f"the board file {self._path} should have {what} at {name}")
        return value

    def object(self, key: str) -> _Object:
        name = f"{self._key}.{key}" if self._key else key
        return _Object(self._path, name, self._value.get(key))

    def optional_object(self, key: str) -> Mapping[str, Any] | None:
        if self._value.get(key) is None:
            return None
        value: Mapping[str, Any] = self._get(key, dict, "an object")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self._value:
            return default
        return str(self._get(key, str, "a text"))

    def number(self, key: str) -> int:
        value = self._get(key, (int, str), "a number")
        try:
            return int(str(value), 0)
        except ValueError:
            raise UserError(f"the board file {self._path} should have a number at {self._key}.{key}") from None

    def region(self, key: str) -> MemoryRegion:
        part = self.object(key)
        return MemoryRegion(part.number("origin"), part.number("length"))

    def list(self, key: str) -> tuple[str, ...]:
        value = self._get(key, list, "a list of texts")
        if not all(isinstance(item, str) for item in value):
            raise UserError(f"the board file {self._path} should have a list of texts at {self._key}.{key}")
        return tuple(value)

    def texts(self, key: str) -> Mapping[str, str]:
        value = self._get(key, dict, "an object of texts")
        return {str(name): str(item) for name, item in value.items()}
