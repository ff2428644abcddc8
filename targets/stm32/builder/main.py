"""PlatformIO's build script of this family: the one that all families share."""

from SCons.Script import SConscript

from runeflash.resources import folder

SConscript(str(folder("targets") / "common" / "scons" / "firmware.py"))
