"""One board: PlatformIO's board format plus a ``runeflash`` object, read and checked (docs/boards.md).

Entry point: :func:`read_board`. Every error names the file and the key.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runeflash.errors import UserError
from runeflash.resources import folder

#: Kinds of data that the host can play into a board over the serial port.
STREAMED = ("SOUND", "ACCEL", "IMAGE", "RAW")
#: What a driver can serve.
CAPABILITIES = ("RAND", *STREAMED)
#: Where sensor data can come from.
SENSORS = ("stream", "onboard")
#: In front of the name of a file that lies beside the board's own, not in the family's folder.
OWN_FILE = "./"

_KEYS = (
    *("family", "memory", "serial", "capabilities", "sensors", "sources", "defines", "watchdog", "flashing", "virtual"),
)
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_MACRO = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MACRO_VALUE = re.compile(r"[A-Za-z0-9_]+")
_FAMILY_MARK = "platform.json"


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
        stack: the most bytes of C stack that a firmware may take; each reserves what its image can take.
        baud: of the serial port.
        drivers: capability to the name of the driver that serves it.
        sensors: modes that ``--sensors`` takes here; the first is the default.
        virtual: the virtual board (its ``chip``, and what is wired to it), or None.
        sources: the board's C files, relative to the family's folder, or with ``./`` to that of the board's file.
        linker_script: the chip's linker script, named likewise.
        defines: macros with which the board's C files are compiled.
        usb_ids: vendor and product numbers of the board's own USB port; empty where it has none.
        flashing: ``protocol``, by which a real board is flashed, and ``meanwhile``, how to do it with other tools.
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
    linker_script: str
    defines: Mapping[str, str]
    usb_ids: tuple[tuple[int, int], ...] = ()
    flashing: Mapping[str, str] | None = None
    watchdog_longest_ms: int | None = None

    def capabilities(self, sensors: str) -> frozenset[str]:
        """Return the capabilities that firmware for this board has in a mode of ``--sensors``."""
        return frozenset(self.drivers) | (frozenset(STREAMED) if sensors == "stream" else frozenset())

    @property
    def family_folder(self) -> Path:
        """The family's folder in ``targets``."""
        return folder("targets") / self.family.removeprefix("runeflash-")

    @property
    def is_own(self) -> bool:
        """Whether it is a board of the user's, not one of the family's."""
        return self.path.parent != self.family_folder / "boards"

    def source_path(self, name: str) -> Path:
        """Return the path of one of :attr:`sources`."""
        return self.path.parent / name if name.startswith(OWN_FILE) else self.family_folder / name

    @property
    def linker_script_path(self) -> Path:
        """The path of the linker script."""
        name = self.linker_script
        return self.path.parent / name if name.startswith(OWN_FILE) else self.family_folder / "linker" / name

    def own_files(self) -> tuple[Path, ...]:
        """Return the files beside the board's own that its firmware is compiled from, the headers there included."""
        named = [name for name in (*self.sources, self.linker_script) if name.startswith(OWN_FILE)]
        if not named:
            return ()
        paths = {self.path.parent / name for name in named}
        folders = {self.path.parent, *(path.parent for path in paths)}
        headers = {header for place in folders for header in place.glob("*.h")}
        return tuple(sorted(paths | headers))


def families() -> tuple[str, ...]:
    """Return the names of the families, whose folders in ``targets`` hold a PlatformIO platform."""
    return tuple(path.parent.name for path in sorted(folder("targets").glob(f"*/{_FAMILY_MARK}")))


def read_board(path: Path, family: str | None = None) -> Board:
    """Read a board's file.

    Args:
        path: the JSON file.
        family: the family it lies in; None reads it from ``runeflash.family``.

    Raises:
        UserError: the file cannot be read, is not JSON, or has something missing or wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"the board file {path} cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UserError(f"the board file {path} is not JSON: {error}") from error
    return _board(_Object(path, "", content), path, family)


def _board(top: _Object, path: Path, family: str | None) -> Board:
    if _ID.fullmatch(path.stem) is None:
        raise UserError(
            f"the board file {path} is named {path.stem!r}, which cannot be a board's name",
            hint="letters, digits, _ and - are what PlatformIO takes",
        )
    build, upload, ours = top.object("build"), top.object("upload"), top.object("runeflash")
    top.text("url"), top.text("vendor")  # PlatformIO wants them
    ours.check_keys(_KEYS)
    memory, serial = ours.object("memory"), ours.object("serial")
    memory.check_keys(("flash", "ram", "stack"))
    serial.check_keys(("baud", "port"))
    ram, flash = memory.region("ram"), memory.region("flash")
    for key, region in (("maximum_size", flash), ("maximum_ram_size", ram)):
        if not 0 < upload.number(key) <= region.length:
            raise UserError(
                f"the board file {path} has {upload.number(key)} in upload.{key}, but {region.length} bytes "
                f"in runeflash.memory.{'flash' if region is flash else 'ram'}"
            )
    stack, baud = memory.number("stack"), serial.number("baud")
    if not 1024 <= stack <= ram.length or stack % 8:
        raise UserError(
            f"the board file {path} has {stack} in runeflash.memory.stack: "
            "it should be a multiple of 8 from 1024 to the RAM's length"
        )
    if not 1200 <= baud <= 12_000_000:
        raise UserError(f"the board file {path} has {baud} in runeflash.serial.baud, which is no baud rate")
    if family is None:
        family = ours.text("family")
        if family not in families():
            raise ours.wrong("family", family, "family", families())
    board = Board(
        id=path.stem,
        name=top.text("name"),
        path=path,
        family=f"runeflash-{family}",
        cpu=build.text("cpu"),
        fpu=build.text("fpu", ""),
        mcu=build.text("mcu"),
        clock_hz=_hertz(path, build.text("f_cpu")),
        flash=MemoryRegion(flash.origin, upload.number("maximum_size")),
        ram=MemoryRegion(ram.origin, upload.number("maximum_ram_size")),
        stack=stack,
        baud=baud,
        drivers=ours.texts("capabilities"),
        sensors=ours.list("sensors"),
        virtual=ours.optional_object("virtual"),
        sources=ours.list("sources"),
        linker_script=build.text("ldscript"),
        defines=ours.macros("defines"),
        usb_ids=build.number_pairs("hwids"),
        flashing=ours.texts("flashing") if ours.optional_object("flashing") is not None else None,
        watchdog_longest_ms=ours.object("watchdog").number("longest_ms") if ours.optional_object("watchdog") else None,
    )
    _check_lists(board, ours)
    _check_files(board, ours, build)
    return board


def _check_lists(board: Board, ours: _Object) -> None:
    for capability in board.drivers:
        if capability not in CAPABILITIES:
            raise ours.wrong("capabilities", capability, "capability", CAPABILITIES)
    for mode in board.sensors:
        if mode not in SENSORS:
            raise ours.wrong("sensors", mode, "mode of --sensors", SENSORS)
    if not board.sensors:
        raise UserError(f"the board file {board.path} should have at least one mode at runeflash.sensors")


def _check_files(board: Board, ours: _Object, build: _Object) -> None:
    """Check that the files exist which are named, and that each driver is among them."""
    for key, holder, name, path in (
        *(("sources", ours, name, board.source_path(name)) for name in board.sources),
        ("ldscript", build, board.linker_script, board.linker_script_path),
    ):
        if name.startswith(OWN_FILE):
            if os.path.normpath(name).startswith(".."):
                raise UserError(f"the board file {board.path} names {name}, which does not lie below its own folder")
            if not path.is_file():
                raise UserError(f"the board file {board.path} names {name}, and there is no file {path}")
        elif os.path.isabs(name) or os.path.normpath(name).startswith("..") or not path.is_file():  # noqa: PTH117
            raise holder.wrong(key, name, "file of the family", _family_files(board, key))
    known = {Path(name).stem for name in board.sources}
    for capability, driver in board.drivers.items():
        if driver not in known:
            raise UserError(
                f"the board file {board.path} names the driver {driver!r} for {capability}, "
                f"but no {driver}.c is among runeflash.sources",
                hint=_did_you_mean(driver, known) or "add drivers/NAME.c of the family, or ./NAME.c of your own",
            )


def _family_files(board: Board, key: str) -> list[str]:
    if key == "ldscript":
        return [path.name for path in sorted((board.family_folder / "linker").glob("*.ld"))]
    return [path.relative_to(board.family_folder).as_posix() for path in sorted(board.family_folder.glob("*/*.c"))]


def _did_you_mean(name: str, names: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"did you mean {close[0]}?" if close else None


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

    def _name(self, key: str) -> str:
        return f"{self._key}.{key}" if self._key else key

    def _get(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        value = self._value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise UserError(f"the board file {self._path} should have {what} at {self._name(key)}")
        return value

    def wrong(self, key: str, value: str, what: str, known: Iterable[str]) -> UserError:
        """Return the error of a value that is not one of the known."""
        names = list(known)
        return UserError(
            f"the board file {self._path} has {value!r} at {self._name(key)}: there is no such {what}",
            hint=_did_you_mean(value, names) or f"there are: {', '.join(names)}",
        )

    def check_keys(self, known: Iterable[str]) -> None:
        """Refuse keys that mean nothing: a misspelt one would be passed over in silence."""
        for key in self._value:
            if key not in known:
                raise UserError(
                    f"the board file {self._path} has the key {self._name(key)}, which means nothing",
                    hint=_did_you_mean(key, known) or f"the keys are: {', '.join(known)}",
                )

    def object(self, key: str) -> _Object:
        return _Object(self._path, self._name(key), self._value.get(key))

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
            raise UserError(f"the board file {self._path} should have a number at {self._name(key)}") from None

    def region(self, key: str) -> MemoryRegion:
        part = self.object(key)
        return MemoryRegion(part.number("origin"), part.number("length"))

    def list(self, key: str) -> tuple[str, ...]:
        value = self._get(key, list, "a list of texts")
        if not all(isinstance(item, str) for item in value):
            raise UserError(f"the board file {self._path} should have a list of texts at {self._name(key)}")
        return tuple(value)

    def number_pairs(self, key: str) -> tuple[tuple[int, int], ...]:
        """Return PlatformIO's form of USB numbers: ``[["0x2341", "0x805A"]]``; nothing where the key is not there."""
        if key not in self._value:
            return ()
        found = []
        for pair in self._get(key, list, "a list of pairs of numbers"):
            try:
                vendor, product = (int(str(number), 0) for number in pair)
            except (TypeError, ValueError):
                raise UserError(
                    f"the board file {self._path} should have a list of pairs of numbers at {self._name(key)}"
                ) from None
            found.append((vendor, product))
        return tuple(found)

    def texts(self, key: str) -> Mapping[str, str]:
        value = self._get(key, dict, "an object of texts")
        for name, item in value.items():
            if not isinstance(item, str):
                raise UserError(f"the board file {self._path} should have a text at {self._name(key)}.{name}")
        return dict(value)

    def macros(self, key: str) -> Mapping[str, str]:
        """Return C macros and their values, each one token."""
        if key not in self._value:
            return {}
        found = {}
        for name, value in self._get(key, dict, "an object of numbers and names").items():
            text = "" if isinstance(value, bool) else str(value)
            if not _MACRO.fullmatch(name) or not isinstance(value, (int, str)) or not _MACRO_VALUE.fullmatch(text):
                raise UserError(
                    f"the board file {self._path} should have a macro's name and a number or name "
                    f"at {self._name(key)}.{name}"
                )
            found[name] = text
        return found
