"""What programs for this computer are linked with."""

from __future__ import annotations

import os

import pytest

from runeflash.toolchain import zig


def no_such_name(name: str) -> str:
    raise ValueError(name)


@pytest.mark.parametrize(
    ("machine", "glibc", "loader", "target"),
    [
        ("x86_64", True, True, "x86_64-linux-gnu.2.17"),
        ("arm64", True, True, "aarch64-linux-gnu.2.17"),
        ("x86_64", True, False, "x86_64-linux-musl"),
        ("x86_64", False, True, "x86_64-linux-musl"),
        ("riscv64", True, True, "riscv64-linux-musl"),
    ],
)
def test_glibc_where_it_is(
    monkeypatch: pytest.MonkeyPatch, machine: str, glibc: bool, loader: bool, target: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(os, "confstr", (lambda name: "glibc 2.36") if glibc else no_such_name)
    monkeypatch.setattr(zig.Path, "exists", lambda path: loader)
    assert zig.host_target() == target
