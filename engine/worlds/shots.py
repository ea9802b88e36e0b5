"""A shot: a scene and the camera that moves through it; and the ways in which cameras move in games.

Knows nothing of what stands in the scene. Metres, seconds, radians.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CONE,
    CX,
    CYLINDER,
    CZ,
    ELLIPSOID,
    GABLE,
    KIND,
    PYRAMID,
    SX,
    SZ,
    YAW,
    Camera,
    Scene,
)  # fmt: skip

Rng = np.random.Generator
Point = tuple[float, float, float]
WATCHED_S = 4.0  # clips lie within this time


@dataclass(frozen=True, kw_only=True)
class Shot:
    scene: Scene
    camera_at: Callable[[float], Camera]  # of the time in seconds
    free: bool = True  # the camera can look elsewhere, as in first and third person; flat games have no elsewhere

    def frame(self, time_s: float, before_s: float | None = None) -> RenderJob:
        """What is seen at a time; `before_s` is the time of the frame before, for the flow."""
        previous = None if before_s is None else (self.camera_at(before_s), before_s)
        return RenderJob(scene=self.scene, camera=self.camera_at(time_s), time_s=time_s, previous=previous)


@dataclass(frozen=True, kw_only=True)
class RenderJob:
    """What a tracer is asked for: `trace` one by one, `gpu_trace.trace_batch` many at once."""

    scene: Scene
    camera: Camera
    time_s: float
    previous: tuple[Camera, float] | None  # camera and time of the frame before
    cuts: bool = False  # the frame before was of another shot
    repeats: bool = False  # the frame before is shown again


def turning(camera_at: Callable[[float], Camera], *, begin_s: float, long_s: float,
            angle: float) -> Callable[[float], Camera]:  # fmt: skip
    """The camera that looks round by an angle within so many seconds, and goes on so."""

    def turned(time_s: float) -> Camera:
        camera, part = camera_at(time_s), min(1.0, max(0.0, (time_s - begin_s) / long_s))
        return replace(camera, yaw=camera.yaw + angle * part * part * (3 - 2 * part))

    return turned


def follow(rng: Rng, scene: Scene, x0: float, z0: float, *, third_person: bool, speed: float,
            slope: float = 0.0) -> Callable[[float], Camera]:  # fmt: skip
    """A camera that walks over the terrain, turning slowly; it looks down along a `slope`."""
    yaw0, turn = rng.uniform(-0.3, 0.3), rng.uniform(-0.25, 0.25)
    eye_m = rng.uniform(2.2, 6.0) if third_person else rng.uniform(1.4, 2.0)
    pitch = -rng.uniform(0.1, 0.45) if third_person else rng.uniform(-0.15, 0.1)
    if rng.random() < 0.1 and not slope:
        eye_m, pitch = rng.uniform(8, 20), -rng.uniform(0.6, 1.1)
    pitch -= 0.7 * math.atan(slope)
    fov = math.radians(rng.uniform(55, 95))
    base = scene.height_at(x0, z0)

    def camera_at(time_s: float) -> Camera:
        yaw = yaw0 + turn * math.sin(time_s * 0.8)
        x, z = x0 + math.sin(yaw0) * speed * time_s, z0 + math.cos(yaw0) * speed * time_s
        # The ground under the feet, smoothed over the way ahead so that the eye does not jump.
        ground = np.mean([scene.height_at(x, z + d) for d in (-3.0, 0.0, 3.0)])
        y = 0.3 * base + 0.7 * float(ground) + eye_m + 0.3
        y = max(y, scene.height_at(x, z) + 0.8)
        if math.isfinite(scene.water_level):
            y = max(y, scene.water_level + 0.8)
        return Camera(eye=(x, y, z), yaw=yaw, pitch=pitch, fov=fov)

    return camera_at


def glide(rng: Rng, start: Point, *, yaw: float = 0.0, speed: float = 0.0, pitch: float = 0.0, turn: float = 0.15,
          fov: float | None = None, bob: float = 0.0) -> Callable[[float], Camera]:  # fmt: skip
    """A camera that moves level and straight along `yaw`, looks about by up to `turn`, and bobs as a walker does."""
    lens = math.radians(rng.uniform(50, 100)) if fov is None else fov
    swing, phase, pace = turn * rng.uniform(-1, 1), rng.uniform(0, 6.28), rng.uniform(0.4, 1.6)

    def camera_at(time_s: float) -> Camera:
        x, z = start[0] + math.sin(yaw) * speed * time_s, start[2] + math.cos(yaw) * speed * time_s
        y = start[1] + bob * math.sin(9.4 * time_s)
        return Camera(eye=(x, y, z), yaw=yaw + swing * math.sin(pace * time_s + phase), pitch=pitch, fov=lens)

    return camera_at


def slide(start: Point, velocity: Point, *, fov: float) -> Callable[[float], Camera]:
    """A camera that looks straight along +z and moves evenly: how flat games scroll."""

    def camera_at(time_s: float) -> Camera:
        x, y, z = (place + speed * time_s for place, speed in zip(start, velocity, strict=True))
        return Camera(eye=(x, y, z), yaw=0.0, pitch=0.0, fov=fov)

    return camera_at


def look_down(rng: Rng, scene: Scene, *, width_m: float, steepness: float, speed: float, yaw: float | None = None,
              lens: float | None = None, middle: Point | None = None) -> Callable[[float], Camera]:  # fmt: skip
    """A camera high above with a narrow lens, `steepness` radians down, that sees `width_m` of ground and pans.

    Direction, lens (radians) and where it looks first are random where they are not given.
    """
    fov = math.radians(rng.uniform(25, 60)) if lens is None else lens
    away = width_m / 2 / math.tan(fov / 2)
    ahead = float(rng.choice([0.0, math.pi / 4, rng.uniform(0, 6.28)])) if yaw is None else yaw
    heading = rng.uniform(0, 6.28)
    x0, z0 = rng.uniform(-15, 15, 2) if middle is None else middle[::2]
    y0 = scene.height_at(x0, z0) + 1.0 if middle is None else middle[1]

    def camera_at(time_s: float) -> Camera:
        x, z = x0 + math.sin(heading) * speed * time_s, z0 + math.cos(heading) * speed * time_s
        back = away * math.cos(steepness)
        eye = (x - math.sin(ahead) * back, y0 + away * math.sin(steepness), z - math.cos(ahead) * back)
        return Camera(eye=eye, yaw=ahead, pitch=-steepness, fov=fov)

    return camera_at


def unblocked(shot: Shot, margin_m: float = 0.4) -> Shot:
    """The shot without the solids that the eye would come nearer than a margin to, or into."""
    kept = np.ones(len(shot.scene.solids), bool)
    for time_s in np.linspace(0, WATCHED_S, 33):
        kept &= ~around_eye(shot.scene.moved(time_s), shot.camera_at(time_s).eye, margin_m)
    return replace(shot, scene=replace(shot.scene, solids=shot.scene.solids[kept]))


def around_eye(solids: np.ndarray, eye: Point, margin_m: float = 0.0) -> np.ndarray:
    """(n,) bool: which solids (n, COLUMNS) hold the point, or come nearer to it than about `margin_m`."""
    x, y, z = (np.asarray(eye) - solids[:, CX : CZ + 1]).T
    cos, sin = np.cos(solids[:, YAW]), np.sin(solids[:, YAW])
    turned = solids[:, KIND] != BILLBOARD  # a billboard turns to the eye: near is what its whole circle holds
    x, z = np.where(turned, x * cos - z * sin, np.hypot(x, z)), np.where(turned, x * sin + z * cos, 0.0)
    p = np.stack([x, y, z]) / (solids[:, SX : SZ + 1].T + margin_m)
    box = np.abs(p).max(0) < 1
    across, beside = np.hypot(p[0], p[2]), np.maximum(np.abs(p[0]), np.abs(p[2]))
    narrowing = (1 - p[1]) / 2
    kind = solids[:, KIND].astype(int)
    inside = np.zeros((7, len(solids)), bool)
    inside[BOX] = box
    inside[ELLIPSOID] = np.square(p).sum(0) < 1
    inside[CYLINDER] = box & (across < 1)
    inside[CONE] = box & (across < narrowing)
    inside[GABLE] = box & (np.abs(p[0]) < narrowing)
    inside[PYRAMID] = box & (beside < narrowing)
    inside[BILLBOARD] = box if margin_m else False
    return inside[kind, np.arange(len(solids))]
