"""A pipeline from a text: what most tests of this folder start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from runefile_checking import HEADER, Check, Checked

from runeflash.pipeline import load


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check a pipeline, given as the text from ``pipeline:`` on, in a folder called ``demo``."""

    def run(
        text: str,
        *,
        files: Mapping[str, bytes] | None = None,
        header: str = HEADER,
        strict: bool = False,
        for_build: bool = False,
        resources: Mapping[str, bytes] | None = None,
    ) -> Checked:
        folder = tmp_path / "demo"
        folder.mkdir(exist_ok=True)
        for name, data in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        path = folder / "Runefile.yml"
        path.write_text(header + text)
        return Checked(*load(path, strict=strict, for_build=for_build, resources=resources))

    return run
