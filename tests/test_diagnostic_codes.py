from __future__ import annotations

import re
from pathlib import Path

from runeflash import diagnostic_codes

PACKAGE = Path(diagnostic_codes.__file__).parent


def test_every_code_has_its_form_and_a_meaning() -> None:
    for code, meaning in diagnostic_codes.CATALOGUE.items():
        assert re.fullmatch(r"RF[1-9][0-9]{2}", code)
        assert meaning.endswith((".", ")"))


def test_every_code_is_used_and_every_used_code_exists() -> None:
    names = {name for name in vars(diagnostic_codes) if name.isupper() and name != "CATALOGUE"}
    used: set[str] = set()
    for path in PACKAGE.glob("**/*.py"):
        used |= set(re.findall(r"\bcodes\.([A-Z_]+)", path.read_text()))
    assert used == names
