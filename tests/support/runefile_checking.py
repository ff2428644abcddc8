"""What came of a Runefile, in the forms that tests compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runeflash.diagnostics import Diagnostic, Diagnostics, Severity, SourceFile, render
from runeflash.pipeline.graph import Pipeline

HEADER = "version: 1\nimage: runicos/base\n"


@dataclass(frozen=True)
class Checked:
    """What came of a Runefile."""

    source: SourceFile
    pipeline: Pipeline | None
    diagnostics: Diagnostics

    @property
    def rendered(self) -> str:
        return "\n".join(render(item, self.source) for item in self.diagnostics.in_order())

    @property
    def errors(self) -> list[str]:
        return [item.message for item in self.in_order(Severity.ERROR)]

    @property
    def warnings(self) -> list[str]:
        return [item.message for item in self.in_order(Severity.WARNING)]

    def in_order(self, severity: Severity) -> list[Diagnostic]:
        return [item for item in self.diagnostics.in_order() if item.severity is severity]

    def at(self, code: str) -> list[str]:
        """The pieces of the text that findings of a code point to."""
        spans = [item.span for item in self.diagnostics.in_order() if item.code == code]
        return [self.source.text[span.start : span.end] for span in spans if span is not None]

    @property
    def good(self) -> Pipeline:
        assert self.pipeline is not None, self.rendered
        return self.pipeline


Check = Callable[..., Checked]
