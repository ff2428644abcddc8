from __future__ import annotations

import pytest

from runeflash.expressions import ExpressionError
from runeflash.runefile.verbatim import QualifiedName, evaluate


def test_arithmetic() -> None:
    assert evaluate("244*244*3") == 178608
    assert evaluate(" 16000 / 2 ") == 8000
    assert evaluate("0.5") == 0.5


@pytest.mark.parametrize("text", ["PixelFormat::GrayScale", " PixelFormat :: GrayScale "])
def test_qualified_names(text: str) -> None:
    name = evaluate(text)
    assert isinstance(name, QualifiedName)
    assert (name.type, name.name) == ("PixelFormat", "GrayScale")


@pytest.mark.parametrize(
    "text", ["", "PixelFormat", "a::b::c", "std::env::var(1)", "PixelFormat::RGB + 1", "1 == 1", "a::" + "b" * 600]
)
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text)
