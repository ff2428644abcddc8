"""docs/blocks.md is what the manifests say."""

from __future__ import annotations

from pathlib import Path

from runeflash.blocks import library
from runeflash.blocks.pages import page

PROJECT = Path(__file__).resolve().parent.parent.parent


def test_the_page_is_current() -> None:
    written = (PROJECT / "docs" / "blocks.md").read_text(encoding="utf-8")
    assert written == page(), "python -m runeflash.blocks.pages > docs/blocks.md"


def test_every_block_and_argument_is_on_it() -> None:
    text = page()
    for name in library.names():
        for form in (library.load(name), *library.load(name).forms):
            assert form.summary in text
            for argument in form.arguments:
                assert argument.description
                assert argument.description in text
