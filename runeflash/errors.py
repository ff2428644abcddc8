"""Every exception that runeflash raises on purpose, and the exit code that each one ends in.

Wrong input that can be described together with its place in a file is a
:class:`~runeflash.diagnostics.Diagnostic` instead: those are collected and shown
together. An exception is for a step that cannot go on.
"""

from __future__ import annotations


class RuneflashError(Exception):
    """The root of the tree.

    Attributes:
        message: what is wrong and where, one paragraph.
        hint: what to do about it, or None.
        exit_code: the status the command line ends with.
    """

    exit_code = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UserError(RuneflashError):
    """The user's input (a Runefile, model, recording, board, resource) is wrong."""

    exit_code = 1


class UsageError(RuneflashError):
    """The command line is wrong, or names something that this version does not have."""

    exit_code = 2


class ToolError(RuneflashError):
    """A compiler, PlatformIO or another tool failed, or could not be had."""

    exit_code = 3


class DeviceError(RuneflashError):
    """A board, real or virtual, failed or did not answer."""

    exit_code = 4


class PortLostError(DeviceError):
    """A serial port that was open is gone: the board was unplugged, or has ended."""


class DeviceTimeoutError(DeviceError):
    """A board has not said in time what a test waited for."""


class InternalError(RuneflashError):
    """A bug of ours."""

    exit_code = 70
