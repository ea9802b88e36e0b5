"""What the model is made of: the materials it tells apart, the patterns it can paint, and the presets.

Knows nothing of weights, screens or training. Sizes are pixels, (h, w) order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MATERIALS = (
    "sky", "ground", "foliage", "rock", "structure", "roof", "water", "character", "prop", "glow", "hud",
)  # fmt: skip
SKY, GROUND, FOLIAGE, ROCK, STRUCTURE, ROOF, WATER, CHARACTER, PROP, GLOW, HUD = range(len(MATERIALS))  # by number

# One colour a material, RGB: apart in hue and in lightness, so that they can be told apart without colour vision.
MATERIAL_COLORS = (
    (120, 180, 235), (200, 160, 100), (70, 150, 60), (130, 130, 135), (205, 190, 165), (180, 60, 50), (30, 90, 200),
    (235, 60, 90), (200, 90, 220), (255, 235, 90), (255, 255, 255),
)  # fmt: skip
assert len(MATERIAL_COLORS) == len(MATERIALS)

PATCH = 4  # pixels a side of the U-Net Painter's patches, and of the cells in which every Painter sees surfaces
PICTURES = 5  # that a Painter sees: noisy, underpainting, source, last output, anchor
FAR_LOG = 6.9  # log(1 + 1000 m): depth is log(1 + metres) over this, so 1 is the sky

PATTERNS = ("plain", "noise", "clouds", "tiles", "bricks", "stripes", "dots", "cracks", "waves")


@dataclass(frozen=True, kw_only=True)
class TransformerShape:
    """A transformer that paints: `engine/token_painter.py`."""

    patch: int  # pixels a side of a token
    width: int  # a multiple of 128, which fills the tensor cores' tiles
    layers: int
    hidden: int  # of the MLP
    head: int = 64  # width of an attention head
    heads: int | None = None  # where pruning has left fewer than fill the width
    bottleneck: int = 256  # channels that a patch is squeezed into first
    slots: int = 5  # frames in the ring: the anchor, the present one, and those between

    @property
    def kept(self) -> int:
        """The width of queries, keys and values."""
        return self.width if self.heads is None else self.heads * self.head


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One size of the engine."""

    name: str
    size: tuple[int, int] = (144, 256)  # (h, w) that the networks see
    painter: bool = True  # False: the Reader and the underpainting alone
    steps: int = 1  # of the Painter's denoising, from pure noise to the clean frame
    reader_every: int = 1  # frames; the material map is carried over in between
    # The Reader reads a frame on a second core while the next is awaited, and its materials follow onto that one by
    # colour: 14 ms of network leave the way from the game to the screen, for a reading that is one frame old.
    reads_behind: bool = False
    reader_widths: tuple[int, int, int, int] = (24, 48, 96, 160)  # channels at 1/2, 1/4, 1/8 and 1/16 of the size
    painter_widths: tuple[int, int] = (32, 64)  # channels at 1/4 and 1/8
    painter_blocks: int = 2  # at 1/8
    tokens: TransformerShape | None = None  # the Painter is a transformer of this shape instead


NANO = Preset(name="nano", reader_every=2, reads_behind=True)
LITE = Preset(name="lite", painter=False, reader_every=2, reads_behind=True)
# 576 tokens each, nine times 64: tiles are full. Wide and shallow: at one stream a launch costs more than its product.
SMALL = Preset(
    name="small", size=(360, 640), steps=2, reader_widths=(64, 128, 256, 512),
    tokens=TransformerShape(patch=20, width=768, layers=4, hidden=3072),
)  # fmt: skip
BASE = Preset(
    name="base", size=(576, 1024), steps=2, reader_widths=(128, 256, 512, 768),
    tokens=TransformerShape(patch=32, width=768, layers=14, hidden=3072),
)  # fmt: skip
READ_EVERY = (1, 1, 2, 4)  # times the preset's own frames from one reading to the next, by quality level
PRESETS = {preset.name: preset for preset in (NANO, LITE)}  # whose weights ship
GPU_PRESETS = {preset.name: preset for preset in (SMALL, BASE)}  # which need a CUDA device and trained weights
PLAYABLE = (*PRESETS, *GPU_PRESETS)  # what a player may ask for
Shape = Literal["nano", "small", "base"]  # what can be trained; lite is nano's Reader
SHAPES: dict[Shape, Preset] = {"nano": NANO, "small": SMALL, "base": BASE}
