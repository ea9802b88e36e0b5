"""The kinds of solids by their numbers, as `engine/worlds/scene.py` has them, for torch and Triton alike."""

from __future__ import annotations

ALL = tuple(range(7))
BOX, ELLIPSOID, CONE, CYLINDER, BILLBOARD, GABLE, PYRAMID = ALL
