"""What a level of the demo consists of: a scene of the worlds, what colour each thing has, and which things move.

`StageBuilder` is the worlds' `SceneBuilder` with colours and groups. Knows nothing of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.worlds.scene import BILLBOARD, Scene, SceneBuilder

Color = tuple[float, float, float]  # sRGB, 0..255
Point = tuple[float, float, float]


@dataclass(kw_only=True)
class Actor:
    """A thing that moves: a group of solids about a pivot at its feet. Changed by the level in every frame."""

    group: int
    pivot: Point  # where the solids were built
    x: float
    y: float
    z: float
    yaw: float = 0.0
    limbs: dict[int, float] = field(default_factory=dict)  # group of a limb to its swing's phase, radians
    stride: float = 0.0  # how far it has walked, metres
    pace: float = 0.0  # m/s now


@dataclass(frozen=True, kw_only=True)
class Stage:
    scene: Scene
    groups: np.ndarray  # (n,) int: which thing a solid belongs to
    colors: np.ndarray  # (n, 3) 0..255; of a billboard: unused, its picture has its own
    pictures: np.ndarray  # (m, side, side) uint32 0x00RRGGBB, 0 = nothing
    actors: list[Actor]  # the first is the player's


class StageBuilder:
    """Solids with a colour and a group; actors' solids are built about their feet."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.build = SceneBuilder(rng)
        self.groups: list[int] = []
        self.colors: list[Color] = []
        self.pictures: list[np.ndarray] = []
        self.actors: list[Actor] = []
        self._group = 0

    def group(self) -> int:
        """Start a new thing; what is added from here on belongs to it."""
        self._group += 1
        return self._group

    def add(self, kind: int, material: int, center: Point, half: Point, color: Color, *, yaw: float = 0.0) -> None:
        self.build.solid(kind, material, center, half, yaw=yaw)
        self.groups.append(self._group)
        self.colors.append(color)

    def picture(self, parts: np.ndarray, palette: dict[int, Color]) -> int:
        """A drawing of `engine.worlds.sprites`, coloured by part, with four times its pixels and smooth outlines."""
        self.build.sprite(parts)
        self.pictures.append(_colored(parts, palette))
        return len(self.pictures) - 1

    def board(self, material: int, center: Point, half: tuple[float, float], picture: int, *,
              mirrored: bool = False) -> None:  # fmt: skip
        self.build.solid(BILLBOARD, material, center, (*half, 0.05), sprite=picture, ragged=-0.01 * mirrored)
        self.groups.append(self._group)
        self.colors.append((0.0, 0.0, 0.0))

    def stage(self, scene: Scene) -> Stage:
        pictures = np.stack(self.pictures) if self.pictures else np.zeros((1, 8, 8), np.uint32)
        return Stage(scene=scene, groups=np.array(self.groups), colors=np.array(self.colors), pictures=pictures,
                     actors=self.actors)  # fmt: skip


def _colored(parts: np.ndarray, palette: dict[int, Color]) -> np.ndarray:
    import cv2

    numbers = sorted(set(np.unique(parts).tolist()))
    side = parts.shape[0] * 4
    share = np.stack(
        [cv2.GaussianBlur(cv2.resize((parts == n).astype(np.float32), (side, side)), (0, 0), 1.6) for n in numbers]
    )
    smooth = np.array(numbers)[share.argmax(axis=0)]
    out = np.zeros((side, side), np.uint32)
    fallback = next(iter(palette.values()))
    for number in numbers:
        if number:
            r, g, b = (int(value) for value in palette.get(number, fallback))
            out[smooth == number] = max(1, (r << 16) | (g << 8) | b)
    return out
