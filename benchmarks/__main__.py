"""Run every benchmark, print a table, write ``build/bench.json``.

A benchmark is a module of this package with ``FIGURES``: functions without arguments that each return
a list of :class:`benchmarks.figure.Figure`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from dataclasses import asdict
from pathlib import Path

import benchmarks
from benchmarks.figure import Figure
from runeflash.errors import RuneflashError


def main() -> int:
    """Run the benchmarks whose names contain the first argument, by default all."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    figures: list[Figure] = []
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if not module.name.startswith("bench_") or wanted not in module.name:
            continue
        for measure in importlib.import_module(f"benchmarks.{module.name}").FIGURES:
            try:
                figures += measure()
            except RuneflashError as error:
                print(f"{module.name}: {error.message}", file=sys.stderr)
                return error.exit_code
    width = max((len(figure.name) for figure in figures), default=0)
    for figure in figures:
        target = f"   (at most {figure.limit:,})" if figure.limit is not None else ""
        print(f"{figure.name:<{width}}  {figure.value:>14,} {figure.unit}{target}")
    output = Path("build") / "bench.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    print(f"\nas data: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
