"""Peripherals of chips, one per file, in a package per chip family."""
