"""What a sentence embedding says of scenes, moods and colours, and how that joins what the lexicon has read.

A small network (tools/train_prompts.py) that answers in the lexicon's own terms, so both ways end in the same looks.
The words that were said weigh more than the embedding, which fills in what they leave open: titles, places, synonyms.
Knows nothing of themes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from reskin.prompts.reading import Reading
from reskin.prompts.tables import lexicon

WEIGHTS = Path(__file__).resolve().parent / "mapper.npz"
# The colours that the network tells apart; each is one of the lexicon's.
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white", "black", "grey")
SCENE_FLOOR = 0.12  # a scene with less probability is noise
MOOD_FLOOR = 0.5
COLOR_FLOOR = 0.6


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Probabilities by the lexicon's names."""

    scenes: dict[str, float]  # sum to 1
    moods: dict[str, float]  # each from 0 to 1
    colors: dict[str, float]


class Mapper:
    """Two layers over the embedding: one answer a scene (softmax), a mood and a colour (each by itself)."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._layers = [arrays[name].astype(np.float32) for name in ("w1", "b1", "w2", "b2")]
        self._names = [[str(name) for name in arrays[kind]] for kind in ("scenes", "moods", "colors")]

    def __call__(self, embedding: np.ndarray) -> Evidence:
        w1, b1, w2, b2 = self._layers
        logits = np.maximum(embedding @ w1 + b1, 0) @ w2 + b2
        scenes, moods, colors = self._names
        first, second, third = np.split(logits, [len(scenes), len(scenes) + len(moods)])
        shares = np.exp(first - first.max())
        return Evidence(
            scenes=dict(zip(scenes, (shares / shares.sum()).tolist(), strict=True)),
            moods=dict(zip(moods, _sigmoid(second).tolist(), strict=True)),
            colors=dict(zip(colors, _sigmoid(third).tolist(), strict=True)),
        )


@lru_cache(maxsize=1)
def mapper() -> Mapper:
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        return Mapper(dict(arrays))


def join(reading: Reading, evidence: Evidence) -> Reading:
    """The reading with what the embedding adds; what was said by word stays, what was denied stays out."""
    words = lexicon()
    unread = len(reading.unknown) / max(len(reading.unknown) + reading.known, 1)  # share of words not understood
    scenes = dict(reading.scenes)
    trust = 1.0 if not scenes else 0.25 + 0.75 * unread
    if not scenes and (reading.colors or reading.bound) and unread == 0:
        trust = 0.0  # "red and gold" asks for no place
    for name, probability in evidence.scenes.items():
        if probability * trust >= SCENE_FLOOR and name in words.scenes and name not in reading.denied:
            scenes[name] = scenes.get(name, 0.0) + probability * trust
    moods = dict(reading.moods)
    for name, probability in evidence.moods.items():
        new = name in words.moods and name not in moods and not reading.denied
        if new and probability * (0.6 + 0.4 * unread) >= MOOD_FLOOR:
            moods[name] = (0.4 + 0.6 * unread) * probability
    colors = list(reading.colors)
    if not colors and not reading.bound and unread > 0:
        colors = [
            (name, "") for name, p in sorted(evidence.colors.items(), key=lambda item: -item[1]) if p >= COLOR_FLOOR
        ][:2]
    return Reading(
        scenes=scenes, moods=moods, colors=colors, bound=reading.bound, denied=reading.denied,
        everything=reading.everything, unknown=reading.unknown, known=reading.known,
    )  # fmt: skip


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
