"""Reskin: play any game in another world's skin, live."""

__version__ = "0.1.0"
