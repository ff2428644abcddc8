"""What every pass reports to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from runeflash.diagnostics import Diagnostics, Span, did_you_mean

_MAXIMUM_SUGGESTIONS = 30


@dataclass(eq=False)
class Context:
    """The circumstances of one analysis.

    Attributes:
        diagnostics: the findings so far.
        folder: the Runefile's; files are relative to it.
        for_build: what only a build needs must be right, too.
        lenient: what the reference would have let pass is a warning.
        failed: names of stages about which an error was reported: what follows from it is not reported again.
    """

    diagnostics: Diagnostics
    folder: Path
    for_build: bool
    lenient: bool = False
    failed: set[str] = field(default_factory=set)
    _suggestions: int = 0

    def error(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        stage: str | None = None,
        hint: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Report an error, of a stage if there is one to blame."""
        self.diagnostics.error(code, message, span, hint=hint, notes=notes)
        if stage is not None:
            self.failed.add(stage)

    def warning(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        hint: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Report a warning."""
        self.diagnostics.warning(code, message, span, hint=hint, notes=notes)

    def refuse(
        self, code: str, message: str, span: Span | None, *, stage: str | None = None, hint: str | None = None
    ) -> None:
        """Report what a build cannot do, and what is only a warning while checking."""
        if self.for_build:
            self.error(code, message, span, stage=stage, hint=hint)
        else:
            self.warning(code, message, span, hint=hint, notes=("`runeflash build` refuses this",))

    def tolerate(
        self, code: str, message: str, span: Span | None, *, stage: str | None = None, hint: str | None = None
    ) -> None:
        """Report an error that the reference would have let pass: with ``--lenient`` it is a warning."""
        if self.lenient:
            self.warning(code, message, span, hint=hint)
        else:
            self.error(code, message, span, stage=stage, hint=hint)

    def suggest(self, name: str, candidates: Iterable[str]) -> str | None:
        """Return a "did you mean" hint; only the first few mistakes of a file get one, for it takes time."""
        self._suggestions += 1
        return did_you_mean(name, candidates) if self._suggestions <= _MAXIMUM_SUGGESTIONS else None
