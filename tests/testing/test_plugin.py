"""The pytest plugin, in pytest runs of its own on virtual boards."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from runeflash.boards import all_boards, find_board
from runeflash.device import emulator
from runeflash.device.virtual_boards import board_folder, running_boards
from runeflash.toolchain.cache import cache_folder

pytest_plugins = ["pytester"]

PROJECT = Path(__file__).resolve().parents[2]
GESTURE = PROJECT / "examples" / "gesture"
#: pytester has a home of its own; what is built there is built for all.
CACHE = str(cache_folder())

_UNDECODABLE = ".//property[@name='undecodable'][@value='1']"
ENDLESS_BLOCK = """
summary: Never comes back.
inputs:
  - {name: x, types: numeric, shape: [n]}
outputs:
  - {name: y, types: same as x, shape: [n]}
"""
ENDLESS_RUNEFILE = """
version: 1
image: runicos/base
pipeline:
  input:
    capability: RAW
    outputs:
      - {type: u8, dimensions: [4]}
  endless:
    proc-block: ./endless
    inputs: [input]
  serial:
    out: serial
    inputs: [endless]
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Write a test file and run pytest on it; give the result and the texts of its lines."""
    monkeypatch.setenv("RUNEFLASH_CACHE_DIR", CACHE)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(source: str, *arguments: str) -> tuple[pytest.RunResult, str]:
        pytester.makepyfile(
            f"""
            import os, signal, time
            import pytest
            from runeflash.device.lines import Undecodable
            from runeflash.device.virtual_boards import running_boards

            GESTURE = {str(GESTURE)!r}

            def process(device):
                return next(board.pid for board in running_boards() if board.id == device.port.virtual)

            {source}
            """
        )
        before = {board.id for board in running_boards()}
        result = pytester.runpytest_subprocess(*arguments, "--junitxml=junit.xml", "-p", "no:cacheprovider")
        left = {board.id for board in running_boards() if board.id.startswith("pytest-")} - before
        assert not {name for name in left if not Path(f"/proc/{name.split('-')[1]}").exists()}
        return result, result.stdout.str() + result.stderr.str()

    return run


def write_endless_rune(folder: Path) -> None:
    (folder / "endless").mkdir()
    (folder / "endless" / "block.yaml").write_text(ENDLESS_BLOCK)
    (folder / "endless" / "endless.c").write_text(
        '#include "rune_proc_block.h"\n\n'
        "void RUNE_PROC_BLOCK(const rune_tensor *in, rune_tensor *out) {\n"
        "    (void)in;\n"
        "    for (volatile int turn = 0;; turn++) {\n        *(uint8_t *)out[0].data = (uint8_t)turn;\n    }\n}\n"
    )
    (folder / "Runefile.yml").write_text(ENDLESS_RUNEFILE)


def test_one_test_after_the_other_whatever_the_last_one_did(run, pytester: pytest.Pytester) -> None:
    endless = pytester.mkdir("forever")
    write_endless_rune(endless)
    (endless / "four.bin").write_bytes(bytes(4))
    result, text = run(
        f"""
            pytestmark = pytest.mark.rune(GESTURE)

            def test_ring(device, record_property):
                record_property("mine", "too")
                device.play(accelerometer="ring.csv")
                assert device.output().elements == ["Ring"]

            def test_wrong(device):
                device.play(accelerometer="wing.csv")
                assert device.output().elements == ["Ring"]

            def test_no_recording(device):
                device.play(accelerometer="none.csv")

            def test_nothing_is_played(device):
                device.output()

            @pytest.mark.rune({str(endless)!r}, timeout=1)
            def test_hangs(device):
                device.play(raw="four.bin")
                device.output()

            def test_goes_on(device):
                test_ring(device, lambda *_: None)
                device._exchange.take(Undecodable("###"))  # as if the line had been damaged

            def test_dies(device):
                device.play(accelerometer="ring.csv")
                os.kill(process(device), signal.SIGKILL)
                device.output()

            def test_goes_on_again(device):
                test_ring(device, lambda *_: None)

            @pytest.mark.rune("nowhere")
            def test_no_runefile(device):
                assert False

            @pytest.mark.rune(GESTURE, engin="wasm3")
            def test_wrong_marker(device):
                assert False

            @pytest.mark.rune(GESTURE, engine="steam")
            def test_no_engine(device):
                assert False
        """,
        "--board",
        "nano33ble",
    )
    result.assert_outcomes(passed=3, failed=5, errors=3)
    for line in (
        "E *AssertionError: assert *Wing* == *Ring*",
        "*what nano33ble said*",
        'boot: {"rune": "gesture", *',
        "*none.csv cannot be read (No such file or directory)",
        "E *the rune asks for ACCEL, and nothing is played",
        "E *hint: before this: device.play(accelerometer=FILE)",
        "E *has not printed an output in time",
        "E *hint: the firmware has started, and says nothing",
        "E *PortLostError: the port * has vanished",
        "there is no Runefile at *nowhere",
        "*unexpected keyword argument 'engin'*",
        "*engine is one of wasm3*, not 'steam'",
        "*what ran on which board*",
        "nano33ble, virtual (unicorn): 3 passed, 5 failed, 3 errors; undecodable lines: 1",
        "  forever, build *: 1 failed",
        "  gesture, build * (wasm3, *): 3 passed, 4 failed",
    ):
        result.stdout.fnmatch_lines([line])
    assert "device.py:" not in text  # errors end in the test's own line
    assert "During handling" not in text
    assert "direct cause" not in text
    cases = {case.get("name"): case for case in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")}
    properties = {item.get("name"): item.get("value") for item in cases["test_ring[nano33ble]"].iter("property")}
    assert re.fullmatch("[0-9a-f]{12}", properties.pop("build") or "")
    assert re.fullmatch(r"(gcc|zig) [\d.]+", properties.pop("toolchain") or "")
    assert properties == {
        "board": "nano33ble",
        "port": "virtual (unicorn)",
        "rune": "gesture",
        "engine": "wasm3",
        "mine": "too",
    }
    assert cases["test_no_runefile[nano33ble]"].find("error") is not None
    undecodable = {name for name, case in cases.items() if case.find(_UNDECODABLE) is not None}
    assert undecodable == {"test_goes_on[nano33ble]"}


def test_every_virtual_board_in_two_processes(run, pytester: pytest.Pytester) -> None:
    """By default; the rune is that of the folder above, and the boards are each process's own."""
    shutil.copytree(GESTURE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build"))
    boards = [board.id for board in all_boards() if board.virtual is not None]
    result, _ = run(
        """
            @pytest.mark.parametrize("time", range(2))
            def test_ring(device, time):
                device.play(accelerometer="ring.csv")
                assert device.output().elements == ["Ring"]
        """,
        "-n",
        "2",
    )
    result.assert_outcomes(passed=2 * len(boards))
    for board in boards:
        result.stdout.fnmatch_lines([f"{board}, virtual (unicorn): 2 passed"])


def test_a_port_that_processes_take_turns_at(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tests unchanged at --port, here that of a virtual board in the background."""
    monkeypatch.setenv("RUNEFLASH_CACHE_DIR", CACHE)
    name = f"test-plugin-{os.getpid()}"
    board = emulator.start(find_board("nano33ble"), name=name, erase=True)
    try:
        result, text = run(
            """
            @pytest.mark.rune(GESTURE)
            @pytest.mark.parametrize("time", range(4))
            def test_ring(device, time):
                device.play(accelerometer="ring.csv")
                assert device.output().elements == ["Ring"]
            """,
            "--port",
            board.port,
            "-n",
            "2",
        )
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines([f"nano33ble, at {board.port}: 4 passed"])
    finally:
        emulator.stop(board)
        shutil.rmtree(board_folder(name).path)
    result, text = run("", "--port", board.port)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"there is no port {board.port}" in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--board", "nano33bel"), "did you mean nano33ble?"),
        (("--board", "./mine.json"), "mine.json cannot be read"),
        (("--board", "nano33ble", "--board", "netduinoplus2", "--port", "/dev/null"), "--board names several"),
        (("--board", "nano33ble", "--emulator", "qemu"), "there is no virtual nano33ble on qemu"),
        (("--port", "/dev/null"), "which board is at /dev/null cannot be seen"),
    ],
)
def test_wrong_options(run, arguments: tuple[str, ...], text: str) -> None:
    result, said = run("", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert text in said
    assert "Traceback" not in said


def test_boards_that_do_not_suit(run, pytester: pytest.Pytester) -> None:
    """A board of the user's own without a random number generator, named or not; errors of a Runefile are shown."""
    content = json.loads(find_board("netduinoplus2").path.read_text())
    content["runeflash"].update(family="stm32", capabilities={})
    (pytester.path / "dull.json").write_text(json.dumps(content))
    (pytester.path / "Runefile.yml").write_text(
        ENDLESS_RUNEFILE.replace("RAW", "RAND").replace("./endless", "identity")
    )
    pytester.mkdir("broken").joinpath("Runefile.yml").write_text(ENDLESS_RUNEFILE.replace("[input]", "[inptu]"))
    source = """
            def test_it(device):
                assert False

            @pytest.mark.rune("broken")
            def test_broken(device):
                assert False
    """
    result, text = run(source, "--board", "./dull.json")
    result.assert_outcomes(errors=2)
    assert "dull with --sensors stream has no RAND" in text
    assert "did you mean input?" in text or "input" in text
    assert "Runefile.yml:" in text
    if shutil.which("qemu-system-arm") is not None:
        result, text = run(source, "--emulator", "qemu", "-k", "test_it", "-rs")
        result.assert_outcomes(skipped=1)
        assert "QEMU's board has no random number generator" in text


def test_it_costs_nothing_where_it_is_not_used() -> None:
    """Every pytest of an environment that has runeflash loads the plugin."""
    code = (
        "import sys; import runeflash.testing.plugin; "
        "print([name for name in sys.modules if name.startswith('runeflash.') or name in {'serial', 'unicorn'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(eval(done.stdout)) == ["runeflash.errors", "runeflash.testing", "runeflash.testing.plugin"]


def test_what_the_package_offers() -> None:
    import runeflash.testing as offered

    assert {offered.Device.__name__, offered.Tensor.__name__, offered.DecodedOutput.__name__} == set(offered.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = offered.Nothing
