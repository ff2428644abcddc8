"""Runeflash: a Runefile and a TensorFlow Lite model become microcontroller firmware."""

__version__ = "0.1.0"
