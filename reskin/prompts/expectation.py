"""What people expect of a sentence: its main hue, how bright and how warm it is, by the sentences most like it.

Kernel ridge regression with a Gaussian of the angle between sentence embeddings, over about 1,200 prompts with the look
that somebody expected of each (tools/prompt_captions; tools/train_expectation.py makes the weights). A look that is
not what is expected is moved there, the sooner the fewer of its words were read, and not at all where all of them
were. One product of (1, captions) with (captions, answers). Knows nothing of words or of themes' files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from reskin.prompts.look import AREAS, GREY_CHROMA, ROW, PromptLook, lab_of, move_light, tint

WEIGHTS = Path(__file__).resolve().parent / "expectation.npz"
SHARPNESS = 3.0  # of the Gaussian
# A hue's name to where it lies in Oklab (middle and half width in degrees; neighbours overlap, as names do) and the
# colour that is washed over a look to get there.
HUES = {
    "red": (26, 22, "c83028"), "orange": (62, 22, "d88838"), "yellow": (98, 22, "dcc040"),
    "green": (143, 32, "48a048"), "cyan": (197, 33, "30b4b8"), "blue": (256, 34, "3870c8"),
    "purple": (307, 28, "8848b8"), "pink": (348, 27, "e070b0"),
}  # fmt: skip
GREY = "none"  # the hue of what has no colour
PEAK_DEG = 22.0  # how far apart two colours still add up to one main hue
LIGHTS = {"dark": 0.33, "medium": 0.53, "bright": 0.72}  # mean lightness in Oklab to move to
LIGHT_BOUNDS = (0.43, 0.62)  # between them
WARMTHS = {"cold": -0.04, "neutral": 0.0, "warm": 0.04}  # mean chroma along WARM_DEG to move to
WARM_BOUND = 0.018  # from neutral
WARM_DEG = 58.0  # orange; azure is opposite
ANSWERS = (*HUES, GREY, *LIGHTS, *WARMTHS)
DOUBT = (0.55, 0.15)  # by which what is expected must win over what is there: nearly all words were read, and none
WASH = 0.7


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Scores by name, near 1 for what people accept and near 0 for what they do not."""

    hue: dict[str, float]
    light: dict[str, float]
    warmth: dict[str, float]


class Expectation:
    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        """`captions` (n, width) int8, unit vectors times 127 over their largest number; `answers` (n, ANSWERS)."""
        captions = arrays["captions"].astype(np.float32)
        self._captions = captions / np.linalg.norm(captions, axis=1, keepdims=True)
        self._answers, self._mean = (arrays[name].astype(np.float32) for name in ("answers", "mean"))

    def __call__(self, embedding: np.ndarray) -> Expected:
        """`embedding` (width,)."""
        scores = likeness(embedding[None], self._captions) @ self._answers + self._mean
        named = dict(zip(ANSWERS, scores[0].tolist(), strict=True))
        hue, light, warmth = ({name: named[name] for name in names} for names in ((*HUES, GREY), LIGHTS, WARMTHS))
        return Expected(hue=hue, light=light, warmth=warmth)


@lru_cache(maxsize=1)
def expectation() -> Expectation:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return Expectation(dict(arrays))


def likeness(some: np.ndarray, captions: np.ndarray) -> np.ndarray:
    """(m, width), (n, width) of unit length to (m, n) in (0, 1]."""
    unit = some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-6)
    return np.exp(SHARPNESS * (unit @ captions.T - 1))


def meet(look: PromptLook, expected: Expected, unread: float) -> None:
    """Moves the look where it is not what is expected. `unread` is the share of words that were not read, 0 to 1."""
    if unread == 0:
        return
    doubt = DOUBT[0] + (DOUBT[1] - DOUBT[0]) * unread
    if name := _wanted(expected.hue, hues(look), doubt):
        _move_hue(look, name)
    if name := _wanted(expected.light, {_light(look)}, doubt):
        move_light(look, LIGHTS[name], 1.0)
    if name := _wanted(expected.warmth, {_warmth_name(look)}, doubt):
        _move_warmth(look, WARMTHS[name])


def _wanted(scores: dict[str, float], found: set[str], doubt: float) -> str:
    """The name to move to; "" where what was found will do."""
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] - max(scores[name] for name in found) > doubt else ""


def hues(look: PromptLook) -> set[str]:
    """The names of the main hue: of where most of the colour lies."""
    lab = look.lab[AREAS > 0]
    areas = AREAS[AREAS > 0] / AREAS.sum()
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if areas @ chroma < GREY_CHROMA:
        return {GREY}
    own = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    gaps = _turn(np.arange(360)[:, None] - own)  # (360, stages)
    main = float(np.argmax(np.exp(-0.5 * (gaps / PEAK_DEG) ** 2) @ (areas * chroma)))
    names = {name for name, (middle, half, _) in HUES.items() if abs(_turn(main - middle)) <= half}
    return names or {min(HUES, key=lambda name: abs(_turn(main - HUES[name][0])))}


def _turn(degrees: np.ndarray | float) -> np.ndarray:
    """The same angle from -180 to 180."""
    return (np.asarray(degrees) + 180) % 360 - 180


def _light(look: PromptLook) -> str:
    dark, bright = LIGHT_BOUNDS
    mean = look.mean_lightness
    return "dark" if mean < dark else "bright" if mean > bright else "medium"


def warmth(look: PromptLook) -> float:
    """Mean chroma along the axis from azure to orange, a quarter of it the sun's."""
    axis = _warm_axis()
    return float(0.75 * (AREAS @ (look.lab[:, 1:] @ axis)) / AREAS.sum() + 0.25 * (look.sun[1:] @ axis))


def _warmth_name(look: PromptLook) -> str:
    found = warmth(look)
    return "cold" if found < -WARM_BOUND else "warm" if found > WARM_BOUND else "neutral"


def _warm_axis() -> np.ndarray:
    return np.array([math.cos(math.radians(WARM_DEG)), math.sin(math.radians(WARM_DEG))])


def _move_hue(look: PromptLook, name: str) -> None:
    if name == GREY:
        look.lab[: ROW["accent"], 1:] *= 0.2
        look.sun[1:] *= 0.5
    else:
        tint(look, lab_of(HUES[name][2]), WASH, whole=True)


def _move_warmth(look: PromptLook, target: float) -> None:
    """As a camera's white balance: all colours by the same, the sun's too."""
    shift = (target - warmth(look)) * _warm_axis()
    look.lab[: ROW["accent"], 1:] += shift
    look.sun[1:] += shift
