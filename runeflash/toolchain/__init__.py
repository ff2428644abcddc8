"""Compilers, PlatformIO, downloaded sources, and the caches that all of them share."""
