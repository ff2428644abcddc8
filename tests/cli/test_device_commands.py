"""`emulate`, `flash`, `monitor` and `run --port` as a user types them: real processes, ptys and PlatformIO."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from watching import PATIENCE, RunningCommand

from runeflash.boards import find_board
from runeflash.device import emulator
from runeflash.device.port import SerialPort
from runeflash.virtual.qemu import PROGRAM as QEMU

Builds = Callable[[str], Path]


def canonical(label: str) -> str:
    return f'{{"channel":2,"dimensions":[1],"elements":["{label}"],"type_name":"utf8"}}'


def start(runeflash, *options: str | Path, board: str = "nano33ble") -> emulator.RunningBoard:
    done = runeflash("emulate", "--board", board, "--json", *options)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    return emulator.find_running(facts["id"])


def recording(build: Path, name: str) -> Path:
    return build.parent.parent / name


@pytest.fixture
def own_build(gesture_builds: Builds, tmp_path: Path) -> Path:
    """A copy of a build that a test may change."""
    copy = tmp_path / "project" / "build" / "nano33ble"
    shutil.copytree(gesture_builds("nano33ble"), copy)
    return copy


def test_an_erased_board_is_flashed_and_watched_from_the_boot_line_on(
    runeflash, virtual_boards: Path, gesture_builds: Builds
) -> None:
    build = gesture_builds("nano33ble")
    done = runeflash("emulate", "--board", "nano33ble")
    assert re.fullmatch(rf"nano33ble: {virtual_boards}/nano33ble/port \(pid \d+, unicorn, erased\)\n", done.stdout)
    ring = recording(build, "ring.csv")
    with RunningCommand("flash", "--monitor", "--accelerometer", ring, cwd=build.parent.parent) as watching:
        watching.wait_for("Ring", watching.stdout, count=2)
        assert watching.interrupt() == 0
    report = json.loads((build / "report.json").read_text())
    assert re.search(
        rf" boot +gesture \(build {report['build']}\) on nano33ble: .* reset by power-on", watching.stdout[0]
    )
    assert all(re.fullmatch(r"[\d:.]{12}  output      Ring", line) for line in watching.stdout[1:])
    assert f"flashing {build}/firmware.bin to nano33ble at" in watching.stderr[0]
    assert "virtual board nano33ble" in watching.stderr[0]
    seen = f"-- seen: {len(watching.stdout) - 1} outputs, 1 boot, 0 errors, 0 undecodable lines"
    assert watching.stderr[-1] == seen
    # What was flashed stays, and a program that comes later finds the board at work.
    done = runeflash("monitor", "--json", "-n", "2", "--accelerometer", recording(build, "slope.csv"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [canonical("Slope")] * 2


def test_a_request_to_terminate_ends_as_ctrl_c_does(virtual_boards: Path, tmp_path: Path) -> None:
    emulator.start(find_board("nano33ble"))
    with RunningCommand("monitor", cwd=tmp_path) as watching:
        watching.wait_for("-- watching", watching.stderr)
        watching.process.send_signal(signal.SIGTERM)
        assert watching.wait() == 0
    assert watching.stderr[-1] == "-- seen: 0 outputs, 0 boots, 0 errors, 0 undecodable lines"


def test_a_board_that_is_killed_while_it_is_watched_and_started_again(
    runeflash, virtual_boards: Path, gesture_builds: Builds, tmp_path: Path
) -> None:
    build = gesture_builds("nano33ble")
    board = start(runeflash)
    emulator.flash(board, (build / "firmware.bin").read_bytes())
    wing = recording(build, "wing.csv")
    with RunningCommand("monitor", "--output", "records.jsonl", "--accelerometer", wing, cwd=tmp_path) as watching:
        before = watching.wait_for("Wing", watching.stdout)
        os.kill(board.pid, signal.SIGKILL)
        watching.wait_for("has vanished; waiting for the board to come back", watching.stderr)
        assert runeflash("emulate", "--list").stdout == "no virtual boards run\n"
        again = start(runeflash)
        assert again.port == board.port and again.pid != board.pid
        watching.wait_for("the board is back at", watching.stderr)
        watching.wait_for(" boot ", watching.stdout, after=before)
        watching.wait_for("Wing", watching.stdout, after=before, count=2)
        assert watching.interrupt() == 0
    assert watching.stderr[-1].endswith(", 1 interruption")
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    times = [datetime.fromisoformat(record["time"]) for record in records]
    assert all(time.tzinfo is not None for time in times)
    kinds = [record["kind"] for record in records]
    assert kinds.count("notice") == 2
    assert "output" in kinds[: kinds.index("notice")]
    assert "boot" in kinds[kinds.index("notice") :]
    assert next(record["value"] for record in records if record["kind"] == "output") == json.loads(canonical("Wing"))


@pytest.mark.parametrize("by", ["pty", "tcp"])
def test_a_port_that_comes_back_under_another_name(
    runeflash, virtual_boards: Path, gesture_builds: Builds, tmp_path: Path, by: str
) -> None:
    build = gesture_builds("nano33ble")
    board = start(runeflash, "--tcp")
    emulator.flash(board, (build / "firmware.bin").read_bytes())
    port = board.pty if by == "pty" else f"socket://localhost:{board.tcp}"
    ring = recording(build, "ring.csv")
    with RunningCommand("monitor", "--port", port, "--accelerometer", ring, cwd=tmp_path) as watching:
        before = watching.wait_for("Ring", watching.stdout)
        os.kill(board.pid, signal.SIGKILL)
        watching.wait_for("has vanished", watching.stderr)
        taken = os.openpty()  # so that the board does not get the same one
        try:
            assert start(runeflash, "--tcp").pty != board.pty
            watching.wait_for("Ring", watching.stdout, after=before, count=2)
        finally:
            for descriptor in taken:
                os.close(descriptor)
        assert watching.interrupt() == 0


def test_what_is_flashed_is_the_bin(runeflash, virtual_boards: Path, own_build: Path) -> None:
    """One bit of the file is changed: the board prints something else."""
    image = own_build / "firmware.bin"
    data = bytearray(image.read_bytes())
    data[data.index(b"Wing") + 1] ^= 1
    image.write_bytes(data)
    start(runeflash)
    project = own_build.parent.parent
    done = runeflash("flash", cwd=project)
    assert done.returncode == 0, done.stderr
    assert f"warning: {image} is not as the build wrote it, and is flashed as it is" in done.stderr
    wing = Path(__file__).parents[2] / "examples" / "gesture" / "wing.csv"
    done = runeflash("monitor", "--json", "-n", "1", "--accelerometer", wing)
    assert done.stdout == canonical("Whng") + "\n"
    # And one in its vector table: the board does not take it.
    data[4 + 2] ^= 0x80
    image.write_bytes(data)
    done = runeflash("flash", own_build / "report.json")
    assert done.returncode == 4
    assert "error: the image is not for nano33ble: its reset vector 0x" in done.stderr
    # A .bin that lies alone goes to the board that is there.
    alone = project / "alone.bin"
    data[4 + 2] ^= 0x80
    alone.write_bytes(data)
    done = runeflash("flash", alone, "-v")
    assert done.returncode == 0, done.stderr
    assert "Uploading" in done.stderr and "[SUCCESS]" in done.stderr  # PlatformIO's words


def test_an_image_for_another_board(runeflash, virtual_boards: Path, gesture_builds: Builds, tmp_path: Path) -> None:
    start(runeflash)
    build = gesture_builds("netduinoplus2")
    done = runeflash("flash", build)
    assert done.returncode == 4
    assert "error: no port with a netduinoplus2 was found; there is" in done.stderr
    done = runeflash("flash", build, "--port", "nano33ble")
    assert done.returncode == 4
    assert "error: the firmware is for netduinoplus2, but at" in done.stderr
    shutil.copy(build / "firmware.bin", tmp_path / "nobody_knows.bin")
    done = runeflash("flash", "nobody_knows.bin")
    assert done.returncode == 4
    assert "does not lie in the flash that it is written to\n  hint: it looks like one for netduinoplus2" in done.stderr
    done = runeflash("run", build / "gesture.rune", "--port", "nano33ble", "--board", "netduinoplus2")
    assert done.returncode == 4
    assert "error: the firmware is for netduinoplus2, but at" in done.stderr


def test_ports_that_cannot_be_used(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    build = gesture_builds("nano33ble")
    for command in (["monitor"], ["flash", build], ["run", build / "gesture.rune", "--board", "nano33ble"]):
        done = runeflash(*command, "--port", "/dev/no-such-port")
        assert done.returncode == 4, done.stderr
        assert "error: there is no port /dev/no-such-port\n" in done.stderr
    done = runeflash("monitor")
    assert done.returncode == 4
    assert "error: no port was found\n  hint: plug the board in, or start a virtual one" in done.stderr
    board = start(runeflash, "--tcp")
    url = f"socket://localhost:{board.tcp}"
    with SerialPort(board.port, 1_000_000), SerialPort(url, 1_000_000) as other:
        done = runeflash("monitor")
        assert done.returncode == 4
        assert f"error: the port {board.port} is busy: another program has it open" in done.stderr
        other.write(b" ")
        deadline = time.monotonic() + PATIENCE
        while not refused(url):  # until the board has seen that somebody is there
            assert time.monotonic() < deadline
        done = runeflash("monitor", "--port", url)
        assert done.returncode == 4
        assert f"error: nobody answers at {url}" in done.stderr
    done = runeflash("monitor", "--port", "/dev/null")
    assert done.returncode == 4
    assert "error: /dev/null is no serial port" in done.stderr


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def refused(url: str) -> bool:
    try:
        SerialPort(url, 1_000_000).close()
    except emulator.DeviceError:
        return True
    return False


def test_a_board_that_never_answers_and_one_that_vanishes(
    runeflash, virtual_boards: Path, gesture_builds: Builds, tmp_path: Path
) -> None:
    board = start(runeflash)
    done = runeflash("monitor", "--timeout", "1")
    assert done.returncode == 4
    assert f"error: the board at {board.port} has sent nothing for 1 s\n  hint: the board is erased" in done.stderr
    with RunningCommand("monitor", "--timeout", "9", cwd=tmp_path) as watching:
        watching.wait_for("-- nothing has come", watching.stderr)  # long before it gives up
        emulator.stop(board)
        assert watching.wait() == 4
    assert watching.stderr[-1] == f"error: the board at {board.port} has not come back within 9 s"
    board = start(runeflash)
    rune = gesture_builds("nano33ble") / "gesture.rune"
    ring = recording(rune.parent, "ring.csv")
    with RunningCommand("run", rune, "--port", "nano33ble", "-r", "100000", "--accel", ring, cwd=tmp_path) as running:
        running.wait_for("Ring", running.stdout)
        emulator.stop(board)
        assert running.wait() == 4
    assert f"error: the port {board.port} has vanished" in running.stderr


def test_a_real_board_is_not_flashed_yet(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    """A pty that is no virtual board of ours is as good as a real port here."""
    master, slave = os.openpty()
    try:
        done = runeflash("flash", gesture_builds("netduinoplus2"), "--port", os.ttyname(slave))
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 4
    assert "error: real boards cannot be flashed by this version yet: netduinoplus2 at /dev/" in done.stderr
    assert "USB DFU" in done.stderr and "hint: until then use `dfu-util" in done.stderr


def test_run_on_a_port_gives_what_run_gives(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    build = gesture_builds("netduinoplus2")
    runefile = build.parent.parent / "Runefile.yml"
    start(runeflash, board="netduinoplus2")
    options = ["--accelerometer", recording(build, "wing.csv"), "-r", "3"]
    here = runeflash("run", runefile, *options)
    there = runeflash("run", runefile, *options, "--port", "netduinoplus2")
    assert there.returncode == here.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert there.stderr == "Running rune: gesture.rune\n"
    # Again, while the board is in the middle of something.
    again = runeflash("run", runefile, *options, "--port", "netduinoplus2")
    assert again.stdout == here.stdout


def test_options_that_do_not_go_with_a_port(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    rune = gesture_builds("nano33ble") / "gesture.rune"
    start(runeflash)
    for options in (["--random", "1"], ["--count"], ["--emulator", "qemu"]):
        done = runeflash("run", rune, "--port", "nano33ble", *options)
        assert done.returncode == 2, done.stderr
        assert f"error: {options[0]} is for --board without --port" in done.stderr


def test_emulate_plays_recordings_itself(
    runeflash, virtual_boards: Path, gesture_builds: Builds, tmp_path: Path
) -> None:
    build = gesture_builds("nano33ble")
    board = start(runeflash, "--accelerometer", recording(build, "slope.csv"))
    emulator.flash(board, (build / "firmware.bin").read_bytes())
    done = runeflash("monitor", "--json", "-n", "3")
    assert done.stdout.splitlines() == [canonical("Slope")] * 3
    done = runeflash("monitor", "--accelerometer", recording(build, "ring.csv"))
    assert done.returncode == 4
    assert "plays the recordings that it was started with, and takes no others" in done.stderr
    (tmp_path / "bad.csv").write_text("1,2\n")
    for command in (["emulate", "--board", "nano33ble"], ["monitor"]):
        done = runeflash(*command, "--accelerometer", "bad.csv")
        assert done.returncode == 1
        assert "Expected a row with 3 columns" in done.stderr


def test_several_boards(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    first, second = start(runeflash), start(runeflash)
    assert (first.id, second.id) == ("nano33ble", "nano33ble-2")
    third = start(runeflash, "--name", "desk", board="netduinoplus2")
    done = runeflash("monitor")
    assert done.returncode == 4
    assert "error: there are 3 boards to choose from: " in done.stderr
    assert all(board.port in done.stderr for board in (first, second, third))
    done = runeflash("emulate", "--board", "netduinoplus2", "--name", "desk")
    assert done.returncode == 4
    assert "error: a virtual board 'desk' runs already" in done.stderr
    listed = runeflash("boards", "--connected").stdout
    assert f"{third.port}: netduinoplus2 (virtual: desk)\n" in listed
    found = json.loads(runeflash("boards", "--connected", "--json").stdout)
    assert [(port["virtual"], port["board"]) for port in found] == [
        ("desk", "netduinoplus2"),
        ("nano33ble", "nano33ble"),
        ("nano33ble-2", "nano33ble"),
    ]
    assert json.loads(runeflash("doctor", "--json").stdout)["ports"] == [port["device"] for port in found]
    assert runeflash("emulate", "--stop", "nano33ble").stdout == "stopped nano33ble\n"
    # Of the two that are left, one is the board that the build is for.
    done = runeflash("flash", gesture_builds("nano33ble"))
    assert done.returncode == 0, done.stderr
    assert f"at {second.port}" in done.stderr
    assert runeflash("emulate", "--stop").stdout == "stopped desk\nstopped nano33ble-2\n"
    assert runeflash("emulate", "--stop").stdout == "no virtual boards run\n"
    done = runeflash("emulate", "--stop", "desk")
    assert done.returncode == 4
    assert "error: no virtual board 'desk' runs" in done.stderr


@pytest.mark.skipif(shutil.which(QEMU) is None, reason="QEMU is not installed")
def test_qemu_in_the_background(runeflash, virtual_boards: Path, gesture_builds: Builds) -> None:
    build = gesture_builds("netduinoplus2")
    board = start(runeflash, "--emulator", "qemu", board="netduinoplus2")
    done = runeflash("flash", build)
    assert done.returncode == 0, done.stderr
    done = runeflash("monitor", "--json", "-n", "2", "--accelerometer", recording(build, "wing.csv"))
    assert done.stdout.splitlines() == [canonical("Wing")] * 2
    # QEMU ends with its board, even with one that is killed.
    (child,) = Path(f"/proc/{board.pid}/task/{board.pid}/children").read_text().split()
    os.kill(board.pid, signal.SIGKILL)
    emulator.stop(board)
    deadline = time.monotonic() + PATIENCE
    while is_alive(int(child)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    done = runeflash("emulate", "--board", "nano33ble", "--emulator", "qemu")
    assert done.returncode == 4
    assert "error: QEMU has no nano33ble" in done.stderr


def test_command_lines_that_make_no_sense(runeflash, virtual_boards: Path, tmp_path: Path) -> None:
    for arguments, code, text in (
        (["emulate"], 2, "say one of --board BOARD, --list, --stop [ID] and --reset ID"),
        (["emulate", "--list", "--stop"], 2, "say one of"),
        (["emulate", "--board", "nano33bel"], 1, "did you mean nano33ble?"),
        (["emulate", "--board", "nano33ble", "--name", "../x"], 1, "cannot be called '../x'"),
        (["emulate", "--board", "nano33ble", "--accelerometer", "nowhere.csv"], 1, "nowhere.csv cannot be read"),
        (["emulate", "--board", "nano33ble", "--advance"], 2, "--advance needs a recording"),
        (["emulate", "--reset", "nobody"], 4, "no virtual board 'nobody' runs"),
        (["flash"], 1, "nothing has been built in"),
        (["flash", "nowhere"], 1, "there is no nowhere"),
        (["flash", "--board", "nano33ble"], 1, "nothing has been built for nano33ble"),
        (["flash", "--accelerometer", "x.csv"], 1, "x.csv cannot be read"),
        (["monitor", "--timeout", "0"], 2, "--timeout"),
        (["monitor", "--output", "/no/such/folder/x.jsonl", "--port", "/dev/tty"], 1, "cannot be written"),
    ):
        done = runeflash(*arguments)
        assert done.returncode == code, done.stderr
        assert text in done.stderr
    assert runeflash("emulate", "--list", "--json").stdout == "[]\n"
    (tmp_path / "report.json").write_text("{}")
    done = runeflash("flash", "report.json")
    assert done.returncode == 1
    assert "report.json is damaged" in done.stderr
