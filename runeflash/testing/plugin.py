"""The pytest plugin: options, the marker ``rune``, the fixture ``device``, and the report of what ran where.

docs/testing.md is its page. Every pytest of an environment that has runeflash loads this module, so it imports nothing
heavy before a test asks for a device.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from runeflash.errors import RuneflashError

if TYPE_CHECKING:
    from runeflash.testing.bench import Bench
    from runeflash.testing.builds import Builds, Recipe
    from runeflash.testing.device import Device
    from runeflash.testing.target import Target

_DEVICE = pytest.StashKey["Device"]()
_TARGETS = pytest.StashKey["tuple[Target, ...]"]()
_SHOWN_RECORDS = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("runeflash", "hardware in the loop (runeflash)")
    group.addoption(
        "--board",
        action="append",
        default=[],
        metavar="BOARD",
        help="A board to run device tests on, a name or ./FILE.json; repeatable. Default: every virtual one.",
    )
    group.addoption(
        "--port", default=None, help="The port of the board to run device tests on, instead of virtual boards."
    )
    group.addoption(
        "--emulator",
        action="append",
        default=[],
        choices=["unicorn", "qemu"],
        help="What virtual boards run on; repeatable. Default: runeflash_emulators.",
    )
    parser.addini("runeflash_emulators", "What virtual boards run on: unicorn, qemu.", type="args", default=["unicorn"])
    parser.addini("runeflash_timeout", "Seconds that device tests wait for the device.", default="30")


def pytest_configure(config: pytest.Config) -> None:
    """Add the marker; refuse wrong options before anything is collected."""
    config.addinivalue_line(
        "markers",
        "rune(path, *, engine, toolchain, sensors, interval_ms, lenient, resources, timeout): what the device of this "
        "test runs: a Runefile, its folder, or a .rune file, relative to the test's file; and how it is built.",
    )
    if config.option.board or config.option.port is not None:
        try:
            _targets(config)
        except RuneflashError as error:
            raise pytest.UsageError(_text(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a device once for each board."""
    if "_runeflash_target" not in metafunc.fixturenames:
        return
    try:
        targets = _targets(metafunc.config)
    except RuneflashError as error:
        raise pytest.UsageError(_text(error)) from None
    metafunc.parametrize("_runeflash_target", targets, indirect=True, ids=[target.id for target in targets])


@pytest.fixture
def _runeflash_target(request: pytest.FixtureRequest) -> Target:
    target: Target = request.param
    return target


@pytest.fixture(scope="session")
def _runeflash_builds() -> Builds:
    from runeflash.testing.builds import Builds

    return Builds()


@pytest.fixture(scope="session")
def _runeflash_bench() -> Iterator[Bench]:
    from runeflash.testing.bench import Bench

    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def device(
    request: pytest.FixtureRequest, _runeflash_target: Target, _runeflash_builds: Builds, _runeflash_bench: Bench
) -> Iterator[Device]:
    """A board with the test's rune: built, flashed and booted.

    The rune is the one of the marker ``rune``, or of the Runefile beside the test or in the nearest folder above.
    """
    from runeflash.device.port import SerialPort
    from runeflash.testing.device import Device

    target, board = _runeflash_target, _runeflash_target.board
    node = request.node
    _property(node, "board", board.id)
    _property(node, "port", target.place)
    try:
        recipe, timeout = _recipe(request)
        rune = _runeflash_builds.rune(recipe)
        _property(node, "rune", rune.name)
        _skip_unsuitable(target, rune.capability_kinds, recipe.sensors)
        firmware = _runeflash_builds.firmware(recipe, board)
        _property(node, "build", firmware.build_id)
        _property(node, "engine", recipe.engine)
        _property(node, "toolchain", firmware.toolchain)
        with _runeflash_bench.board(target) as port, SerialPort(port.device, board.baud) as serial:
            device = Device(
                board,
                port,
                serial,
                firmware,
                folder=recipe.path.parent,
                kinds=rune.capability_kinds,
                timeout=timeout,
            )
            node.stash[_DEVICE] = device
            device.flash()
            yield device
    except RuneflashError as error:
        raise pytest.fail.Exception(_text(error), pytrace=False) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count lines that could not be decoded; show what the device has said where a test has failed."""
    report = yield
    device = item.stash.get(_DEVICE, None)
    if device is not None and report.when == "call" and device.undecodable:
        _property(item, "undecodable", str(len(device.undecodable)))
        report.user_properties = list(item.user_properties)
    if device is not None and report.failed and device.records:
        from runeflash.testing.summary import record_line

        lines = [record_line(record) for record in device.records]
        more = f" (the last {_SHOWN_RECORDS} lines)" if len(lines) > _SHOWN_RECORDS else ""
        report.sections.append((f"what {device.board.id} said{more}", "\n".join(lines[-_SHOWN_RECORDS:])))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what ran on which board."""
    seen = [
        (outcome, {name: str(value) for name, value in report.user_properties})
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.getreports(outcome)
        if isinstance(report, pytest.TestReport) and {"board", "port"} <= dict(report.user_properties).keys()
    ]
    if not seen:
        return
    from runeflash.testing.summary import summary_lines

    terminalreporter.section("what ran on which board")
    for line in summary_lines(seen):
        terminalreporter.line(line)


def _targets(config: pytest.Config) -> tuple[Target, ...]:
    if _TARGETS not in config.stash:
        from runeflash.testing.target import choose_targets

        emulators = config.option.emulator or config.getini("runeflash_emulators")
        config.stash[_TARGETS] = choose_targets(config.option.board, config.option.port, emulators)
    return config.stash[_TARGETS]


def _recipe(request: pytest.FixtureRequest) -> tuple[Recipe, float]:
    """Return what a test runs, and how long it waits, from its marker."""
    from runeflash.errors import UsageError
    from runeflash.testing.builds import Recipe, find_runefile, runefile_at

    marker = request.node.get_closest_marker("rune")
    arguments, options = (marker.args, dict(marker.kwargs)) if marker is not None else ((), {})
    if len(arguments) > 1:
        raise UsageError("the marker rune names one path")
    here = request.path.parent
    path = runefile_at(here / arguments[0]) if arguments else find_runefile(here, request.config.rootpath)
    timeout = options.pop("timeout", None) or request.config.getini("runeflash_timeout")
    try:
        options["resources"] = {
            name: value if isinstance(value, bytes) else str(value).encode()
            for name, value in options.get("resources", {}).items()
        }
        return Recipe(path, **options), float(timeout)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"the marker rune has what it does not take ({error})") from error


def _skip_unsuitable(target: Target, kinds: tuple[str, ...], sensors: str | None) -> None:
    """Skip a test on a board that it does not suit, unless the board was asked for by name."""
    if target.named:
        return
    from runeflash.testing.target import QEMU, is_installed

    missing = [kind for kind in kinds if kind not in target.board.capabilities(sensors or target.board.sensors[0])]
    if missing:
        pytest.skip(f"{target.board.id} has no {' and no '.join(missing)}")
    if target.emulator == QEMU and not is_installed(QEMU):
        pytest.skip("QEMU is not installed")
    if target.emulator == QEMU and "RAND" in kinds:
        pytest.skip("QEMU's board has no random number generator")


def _property(node: Any, name: str, value: str) -> None:
    node.user_properties.append((name, value))


def _text(error: RuneflashError) -> str:
    return f"{error.message}\n  hint: {error.hint}" if error.hint else error.message
