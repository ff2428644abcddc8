"""Figures that repeat exactly: instruction and byte counts on virtual boards. Run by ``make bench``."""
