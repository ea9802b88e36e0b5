"""What the metadata of a network's file says of it, checked before anything is made for it. No torch.

The sizes that it names decide how much memory is asked for, so only those of a preset, or less by pruning, are taken.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import Literal

from engine.config import SHAPES, Shape, TransformerShape

Part = Literal["reader", "painter"]
KEY = "reskin"  # of the metadata
TOKENS = tuple(field.name for field in fields(TransformerShape))


class NetworkFileError(ValueError):
    """A file that holds no network of ours, or not the one that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a file holds."""

    part: Part
    shape: Shape
    size: tuple[int, int]  # (h, w) in pixels that it was trained on last
    tokens: TransformerShape | None = None  # what pruning has left of the preset's


def held_in(metadata: dict[str, str], what: str) -> Held:
    """NetworkFileError where it does not say which network of which preset the file holds."""
    try:
        said = json.loads(metadata[KEY])
        h, w = said["size"]
        tokens = said.get("tokens")
        if tokens is not None:
            tokens = TransformerShape(**{name: int(tokens[name]) for name in TOKENS})
        held = Held(part=said["part"], shape=said["shape"], size=(int(h), int(w)), tokens=tokens)
        known = held.part in ("reader", "painter") and held.shape in SHAPES
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, RecursionError):
        known = False
    if not known:
        raise NetworkFileError(f"{what}: it does not say which network it holds. Expected a file of tools/export.py")
    preset = SHAPES[held.shape]
    if held.part == "painter" and held.size != preset.size:  # sizes decide how much memory is asked for
        raise NetworkFileError(f"{what}: it is for pictures of {held.size}, expected {preset.size}")
    if held.tokens is not None and not _is_less(held.tokens, preset.tokens):
        raise NetworkFileError(f"{what}: {held.tokens} is not what pruning leaves of {preset.tokens}")
    return held


def _is_less(tokens: TransformerShape, whole: TransformerShape | None) -> bool:
    """Whether pruning can have left these tokens of the preset's: fewer layers, heads and hidden channels."""
    if whole is None:
        return False
    same = replace(tokens, layers=whole.layers, heads=whole.heads, hidden=whole.hidden) == whole
    fewer = 0 < tokens.layers <= whole.layers and 0 < tokens.kept <= whole.kept and 0 < tokens.hidden <= whole.hidden
    return same and fewer
