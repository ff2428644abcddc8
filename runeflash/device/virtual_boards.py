"""The virtual boards that run in the background: which there are, and where each keeps its things.

Every board has a folder, ``virtual-boards/ID`` in the cache (or ID in the folder that the environment variable
RUNEFLASH_BOARDS_DIR names). While its process lives, that holds a lock on ``lock``
and describes itself in ``state.json``; what a process that died has left behind is cleared away by whoever sees it.
``flash.bin`` is what was last flashed: like a real board's flash, it survives being unplugged.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from runeflash.toolchain import cache

try:
    import fcntl
except ImportError:  # Windows has no ptys either: no virtual board runs in the background there
    fcntl = None  # type: ignore[assignment]

ENVIRONMENT_VARIABLE = "RUNEFLASH_BOARDS_DIR"


@dataclass(frozen=True)
class RunningBoard:
    """A virtual board in the background.

    Attributes:
        id: its name: the board's, with ``-2`` and so on for further ones.
        board: what :func:`runeflash.boards.find_board` takes: a board's name, or the path of a file.
        emulator: ``unicorn`` or ``qemu``.
        pid: of its process.
        port: the path of its serial port, the same whenever it is started again.
        pty: the device that ``port`` is a link to.
        tcp: the TCP port on this computer that is its serial port too, or None.
        control: the path of its control socket.
        inputs: whether it plays recordings into its stream port by itself.
    """

    id: str
    board: str
    emulator: str
    pid: int
    port: str
    pty: str
    tcp: int | None
    control: str
    inputs: bool


@dataclass(frozen=True)
class BoardFolder:
    """Where a virtual board keeps its things."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held, exclusively, by the process while it lives."""
        return self.path / "lock"

    @property
    def state(self) -> Path:
        """A :class:`RunningBoard`."""
        return self.path / "state.json"

    @property
    def port(self) -> Path:
        """A link to the pty."""
        return self.path / "port"

    @property
    def flash(self) -> Path:
        """The image that was last flashed."""
        return self.path / "flash.bin"

    @property
    def log(self) -> Path:
        """What the process has to say."""
        return self.path / "log.txt"

    def write_state(self, board: RunningBoard) -> None:
        """Write the state, whole or not at all."""
        work = self.state.with_suffix(".part")
        work.write_text(json.dumps(asdict(board)))
        work.replace(self.state)

    def read_state(self) -> RunningBoard | None:
        """Return the state, or None where there is none that can be read."""
        try:
            return RunningBoard(**json.loads(self.state.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def clear(self) -> None:
        """Take away what only a living process has."""
        for path in (self.state, self.port):
            with contextlib.suppress(OSError):
                path.unlink()


def boards_folder() -> Path:
    """Return the folder of all virtual boards."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(chosen).absolute() if chosen else cache.cache_folder() / "virtual-boards"


def board_folder(identity: str) -> BoardFolder:
    """Return the folder of the virtual board of that id."""
    return BoardFolder(boards_folder() / identity)


def running_boards() -> tuple[RunningBoard, ...]:
    """Return the virtual boards that run, by id; what dead ones have left is cleared away."""
    place = boards_folder()
    found = []
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        folder = BoardFolder(path)
        state = folder.read_state()
        if state is None:
            continue
        if _is_alive(folder):
            found.append(state)
    return tuple(found)


def _is_alive(folder: BoardFolder) -> bool:
    if fcntl is None:
        return False
    with contextlib.suppress(OSError), folder.lock.open("rb") as file:
        # Shared first: two who look at once must not take each other for the process.
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder.clear()
    return False


@contextlib.contextmanager
def claimed(folder: BoardFolder) -> Iterator[bool]:
    """Hold a board's folder for the life of a process; gives False where another process has it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.lock.open("a") as file:
        if not _lock(file.fileno()):
            yield False
            return
        folder.clear()
        try:
            yield True
        finally:
            # Not if the folder was deleted and made anew by another process in the meantime.
            if still_there(folder, os.fstat(file.fileno())):
                folder.clear()


def _lock(descriptor: int) -> bool:
    """Lock a file; somebody who only looks at it holds it for a moment, which is waited for."""
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.01)
    return False


def still_there(folder: BoardFolder, lock: os.stat_result) -> bool:
    """Return whether the lock file is still the one that was opened."""
    try:
        return os.path.samestat(folder.lock.stat(), lock)
    except OSError:
        return False
