"""Every diagnostic code has an example that really has it, and the page about them is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from runeflash.diagnostic_codes import CATALOGUE
from runeflash.diagnostic_examples import EXAMPLES
from runeflash.pipeline.diagnostic_docs import check_example, generate

PAGE = Path(__file__).parent.parent.parent / "docs" / "diagnostics.md"


def test_every_code_has_an_example() -> None:
    assert list(EXAMPLES) == list(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_example_shows_its_code(code: str) -> None:
    _, diagnostics = check_example(EXAMPLES[code])
    assert code in {item.code for item in diagnostics}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == generate(), "run: python -m runeflash.pipeline.diagnostic_docs docs/diagnostics.md"
