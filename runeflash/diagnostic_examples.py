"""An example of every diagnostic code: what ``docs/diagnostics.md`` shows, and what its test checks.

Each is as short as it can be.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_HEAD = "version: 1\nimage: runicos/base\n"

# A softmax of one number, and one of four bytes: the least that is a TensorFlow Lite model.
_MODEL_OF_F32 = zlib.decompress(
    base64.b64decode(
        "eNrjYGBgCHHzMd72//9/ESBbAoh1gNgAiJmBmBGIfYCEAJBOKs3MKVFIyy9SSFQoSS0uYYDKy0BpARDBwAc0QwSonoeBg4EFyGNg"
        "EIGqUQBiFSDWAGIWIM5NzMyDmWEApWEYBJiAuANkPwOqudxQc3Ugyjh5GCDuY8BiBgMDG9gdbGB2g/0NoD8ZkNSDAA9UfSWSXgGw"
        "bcJgXzAwsMPVY9NXgaSPB6iCH0iD7ATJSyLcIsnCwAL2NwDTTBcy"
    )
)
_MODEL_OF_I8 = zlib.decompress(
    base64.b64decode(
        "eNrjYGBgCHHzMd72//9/ESBbAoh1gNgAiJmBmBGIfYCEAJBOKs3MKVFIyy9SSFQoSS0uYYDKy0BpARDBwAc0QwSonoeBg4EFyGNg"
        "EIGqUQBiFSDWAGIWIM5NzMyDmWEApWEYBJiAuANkPwOqudxQc3Ugyjh5GCDuY8BiBgMDG9gdbGB2g/0NoD8ZkNTD9IPUV0JpFrA8"
        "yDZhsC8YGNjh6rHpq0DSxwNUwQ+kQXaC5CURbpFkYWABqwEA2t4XSg=="
    )
)
_SHRINKING = b"""summary: Drops elements.
inputs: [{name: x, types: f32, shape: [n]}]
outputs: [{name: y, types: f32, shape: [n], dynamic: 0}]
"""


@dataclass(frozen=True)
class Example:
    """A Runefile that has a finding.

    Attributes:
        text: the Runefile.
        files: the files beside it, by path.
        resources: what ``--resource`` gives.
        board: the capabilities of the board that it is checked for, or None for no board.
    """

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    resources: Mapping[str, bytes] = field(default_factory=dict)
    board: frozenset[str] | None = None


def _yaml(
    pipeline: str,
    files: Mapping[str, bytes] | None = None,
    resources: Mapping[str, bytes] | None = None,
    board: frozenset[str] | None = None,
) -> Example:
    return Example(_HEAD + "pipeline:\n" + pipeline, files or {}, resources or {}, board)


_RAW = "  input: {capability: RAW, outputs: [{type: f32, dimensions: [4]}]}\n"
_OUT = "  serial: {out: serial, inputs: [input]}\n"

EXAMPLES: dict[str, Example] = {
    "RF101": _yaml("  input: {capability: RAW\n"),
    "RF102": Example("[" * 70),
    "RF103": Example("version: 1\npipeline: {}\n"),
    "RF104": Example(_HEAD + "pipeline: [input]\n"),
    "RF105": _yaml("  input: {capability: RAW, output: [{type: f32}]}\n"),
    "RF106": _yaml("  input: {capability: RAW, args: {length: 4, length: 8}}\n"),
    "RF107": _yaml("  my stage: {capability: RAW}\n"),
    "RF108": Example("version: 2\nimage: runicos/base\npipeline: {}\n"),
    "RF109": Example("image: runicos/base\npipeline: {}\n"),
    "RF110": _yaml("  input: {sensor: RAW}\n"),
    "RF111": _yaml(_RAW + "  serial: {output: serial, inputs: [input]}\n"),
    "RF112": _yaml("  input: {capability: RAW, outputs: [{type: float, dimensions: [4]}]}\n"),
    "RF113": _yaml("  input: {capability: RAW, outputs: [{type: f32, dimensions: [0]}]}\n"),
    "RF114": _yaml("  input: {capability: RAW, args: {length: {of: 4}}}\n"),
    "RF116": Example(
        "FROM runicos/base\nCAPABILITY<F32> rand RAND\nPROC_BLOCK<_,_> hotg-ai/pb-mod mod360\n"
        "OUT serial\nRUN rand mod360 serial\n"
    ),
    "RF117": Example("FROM runicos/base\nCAPABILITY<F32> rand\nOUT serial\nRUN rand serial\n"),
    "RF118": Example("CAPABILITY<F32> rand RAND\nOUT serial\nRUN rand serial\n"),
    "RF201": _yaml(_RAW + "  serial: {out: serial, inputs: [inptu]}\n"),
    "RF202": _yaml(_RAW + _OUT + "  more: {proc-block: identity, inputs: [serial]}\n"),
    "RF203": _yaml(_RAW + "  serial: {out: serial, inputs: [input.1]}\n"),
    "RF204": _yaml("  one: {proc-block: identity, inputs: [two]}\n  two: {proc-block: identity, inputs: [one]}\n"),
    "RF205": _yaml(_RAW + _RAW + _OUT),
    "RF206": _yaml(_RAW),
    "RF207": _yaml(_RAW + _OUT + "resources:\n  LABELS: {inline: yes}\n"),
    "RF208": Example("version: 1\nimage: debian\npipeline: {}\n"),
    "RF301": _yaml(_RAW + "  net: {model: ./net.tflite, inputs: [input]}\n"),
    "RF302": _yaml(_RAW + "  net: {model: $NET, inputs: [input]}\n"),
    "RF303": _yaml(_RAW + "  net: {model: $input, inputs: [input]}\n"),
    "RF304": _yaml(_RAW + "  net: {model: $NET, inputs: [input]}\nresources:\n  NET: {inline: text}\n"),
    "RF305": _yaml(_RAW + _OUT + "resources:\n  LABELS: {inline: text, path: ./labels.txt}\n"),
    "RF306": _yaml(_RAW + "  net: {model: $NET, inputs: [input]}\nresources:\n  NET: {type: binary}\n"),
    "RF307": _yaml(_RAW + "  net: {model: ./net, inputs: [input]}\n", files={"net/weights": b""}),
    "RF308": _yaml(_RAW + _OUT, resources={"LABELS": b"yes"}),
    "RF309": _yaml(_RAW + _OUT + "resources:\n  LABELS: {path: ./labels}\n", files={"labels": b"\xff"}),
    "RF401": _yaml("  input: {capability: THERMOMETER, outputs: [{type: f32}]}\n" + _OUT),
    "RF402": _yaml(_RAW + "  screen: {out: screen, inputs: [input]}\n"),
    "RF403": _yaml(_RAW + '  more: {proc-block: "a b", inputs: [input]}\n'),
    "RF404": _yaml(_RAW + "  more: {proc-block: normalise, inputs: [input]}\n"),
    "RF405": _yaml(_RAW + "  more: {proc-block: ./identity, inputs: [input]}\n"),
    "RF406": _yaml(_RAW + "  more: {proc-block: someone/blocks, inputs: [input]}\n"),
    "RF407": _yaml(
        _RAW + "  more: {proc-block: ./mine, inputs: [input]}\n",
        files={"mine/block.yaml": b"inputs: 1\n", "mine/mine.c": b""},
    ),
    "RF408": _yaml(_RAW + "  more: {proc-block: modulo, inputs: [input], args: {modulos: 3}}\n"),
    "RF409": _yaml(_RAW + "  more: {proc-block: modulo, inputs: [input], args: {modulus: three}}\n"),
    "RF410": _yaml("  i: {capability: RAW, outputs: [{type: u32}]}\n  more: {proc-block: label, inputs: [i]}\n"),
    "RF411": _yaml(_RAW + "  serial: {out: serial, inputs: [input], args: {baud: 9600}}\n"),
    "RF412": _yaml('  input: {capability: SOUND, args: {hz: "@16 * kilo"}}\n'),
    "RF413": _yaml(_RAW + "  net: {model: ./net, inputs: [input], args: {format: keras}}\n", files={"net": b""}),
    "RF414": _yaml(_RAW + "  net: {model: ./net, inputs: [input], args: {format: onnx}}\n", files={"net": b""}),
    "RF415": _yaml(_RAW + "  net: {model: ./net.tflite, inputs: [input]}\n", files={"net.tflite": b"TFL3"}),
    "RF416": _yaml(_RAW + "  more: {proc-block: modulo, inputs: [input, input]}\n"),
    "RF417": _yaml("  input: {capability: RAW, outputs: [{type: f32}, {type: f32}]}\n"),
    "RF418": _yaml("  input: {capability: SOUND, outputs: [{type: i16, dimensions: [16000]}]}\n"),
    "RF419": _yaml(
        "  input:\n    capability: SOUND\n    args: {hz: 16000, sample-duration-ms: 1000}\n"
        "    outputs: [{type: i16, dimensions: [24000]}]\n"
    ),
    "RF420": _yaml(
        "  input:\n    capability: IMAGE\n    args: {width: 96, height: 64}\n"
        "    outputs: [{type: u8, dimensions: [96, 96, 3]}]\n"
    ),
    "RF421": _yaml("  input: {capability: RAW, outputs: [{type: f32}]}\n" + _OUT, board=frozenset({"SOUND"})),
    "RF501": _yaml("  input: {capability: RAND}\n" + _OUT),
    "RF502": Example(
        "FROM runicos/base\nCAPABILITY<F32[128, 3]> accelerometer ACCEL -n 128\n"
        "PROC_BLOCK<F32[384, 3], F32[384, 3]> normalize hotg-ai/rune#proc_blocks/normalize\n"
        "OUT serial\nRUN accelerometer normalize serial\n"
    ),
    "RF503": Example(
        "FROM runicos/base\nCAPABILITY<F32[128, 3]> accelerometer ACCEL -n 128\n"
        "PROC_BLOCK<F32[1, 128, 3], _> normalize hotg-ai/rune#proc_blocks/normalize\n"
        "OUT serial\nRUN accelerometer normalize serial\n"
    ),
    "RF504": _yaml(_RAW + "  net: {model: ./net.tflite, inputs: [input]}\n", files={"net.tflite": _MODEL_OF_F32}),
    "RF505": _yaml(
        "  input: {capability: RAW, outputs: [{type: u8, dimensions: [4]}]}\n"
        "  net: {model: ./net.tflite, inputs: [input]}\n",
        files={"net.tflite": _MODEL_OF_I8},
    ),
    "RF506": _yaml(
        "  i: {capability: RAW, outputs: [{type: f32, dimensions: [2, 3]}]}\n"
        "  more: {proc-block: most_confident_indices, inputs: [i]}\n"
    ),
    "RF507": _yaml(_RAW + "  more: {proc-block: modulo, inputs: [input], outputs: [{type: f32, dimensions: [5]}]}\n"),
    "RF508": _yaml(_RAW + "  more: {proc-block: most_confident_indices, inputs: [input], args: {count: 5}}\n"),
    "RF509": _yaml(
        _RAW
        + "  some: {proc-block: ./shrink, inputs: [input]}\n"
        + "  more: {proc-block: ./shrink, inputs: [some]}\n  serial: {out: serial, inputs: [more]}\n",
        files={"shrink/block.yaml": _SHRINKING, "shrink/shrink.c": b""},
    ),
}
