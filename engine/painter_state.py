"""The Painter's memory at run time: noise, history and anchor, and its residual laid into the paint maps.

Runs the exported Painter; knows nothing of torch. Filled in with the Painter (`engine/painter.py`).
"""
class PainterState: pass
