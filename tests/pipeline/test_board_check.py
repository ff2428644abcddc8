from __future__ import annotations

from runefile_checking import Check

from runeflash.diagnostics import Diagnostics
from runeflash.pipeline.board_check import check_board


def test_what_a_board_lacks(check: Check) -> None:
    found = check("""pipeline:
  sound: {capability: SOUND, args: {hz: 8000}, outputs: [{type: i16, dimensions: [80]}]}
  raw: {capability: RAW, outputs: [{type: u8, dimensions: [2]}]}
  o: {out: serial, inputs: [sound, raw]}
""")
    diagnostics = Diagnostics()
    check_board(found.good, "tiny", {"SOUND", "RAND"}, diagnostics)
    (item,) = diagnostics.items
    assert item.message == 'The board tiny has no RAW for "raw"'
    assert item.span is not None
    assert found.source.text[item.span.start : item.span.end] == "raw"
    assert item.hint is not None
    assert "RAND, SOUND" in item.hint
    diagnostics = Diagnostics()
    check_board(found.good, "large", {"SOUND", "RAW"}, diagnostics)
    assert not diagnostics.items
