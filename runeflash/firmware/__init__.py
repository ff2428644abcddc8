"""Rune and board to firmware: generate a PlatformIO project, build it, report what it takes."""
