"""Talking to boards: decoding their lines, and playing recordings into them (docs/wire.md)."""
