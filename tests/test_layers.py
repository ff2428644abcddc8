"""Imports point one way: a package knows the steps before it, never those after it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "runeflash"

#: Package to what it may import, besides itself and the modules at the package's top.
ALLOWED = {
    "toolchain": set(),
    "boards": set(),
    "virtual": {"toolchain"},
    "runefile": set(),
    "blocks": {"toolchain"},
    "model": set(),
    "pipeline": {"runefile", "blocks", "model"},
    "drawing": {"pipeline"},
    "rune": {"pipeline", "blocks", "toolchain"},
    "firmware": {"rune", "model", "boards", "toolchain", "virtual"},
    "device": {"boards", "virtual", "toolchain"},
    "testing": {"rune", "firmware", "boards", "device", "virtual", "pipeline", "toolchain"},
    "projects": {"pipeline"},
    "cli": {
        "blocks",
        "boards",
        "device",
        "drawing",
        "firmware",
        "model",
        "pipeline",
        "projects",
        "rune",
        "toolchain",
    },
}


def imported_packages(path: Path) -> set[str]:
    """The packages of ours that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "runeflash":
                names = [f"runeflash.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("runeflash.")}
    return {name for name in found if (PACKAGE / name).is_dir()}


@pytest.mark.parametrize("package", sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()))
def test_imports_point_one_way(package: str) -> None:
    allowed = ALLOWED[package] | {package}
    for path in (PACKAGE / package).glob("**/*.py"):
        assert imported_packages(path) <= allowed, path


def test_top_modules_import_no_package() -> None:
    for path in PACKAGE.glob("*.py"):
        assert imported_packages(path) == set(), path
