"""What a sentence embedding says of scenes, moods and colours, and how that joins what the lexicon has read.

A linear map (tools/train_prompts.py) that answers in the lexicon's own terms, so both ways end in the same looks.
The words that were said weigh more than the embedding, which fills in what they leave open: titles, places, synonyms.
Whether a picture is drawn in blocks or in few tones is left to the words: a wrong guess there would spoil every frame.
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
# The colours that it tells apart; each is one of the lexicon's.
COLORS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white", "black", "grey")
SCENE_FLOOR = 0.6  # of the likeliest scene's probability; scenes with less are noise
SAID_FLOOR = 0.12  # beside scenes that were said, less than this is not heard
PLAIN = "plain"  # the scene of a sentence that names none
MOOD_FLOOR = 0.5
COLOR_FLOOR = 0.9


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Probabilities by the lexicon's names."""

    scenes: dict[str, float]  # sum to 1
    moods: dict[str, float]  # each from 0 to 1
    colors: dict[str, float]


class Mapper:
    """One answer for each scene (softmax), mood and colour (each by itself).

    A hidden layer names unseen phrases no better and the development sentences worse (79 % against 84 %).
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self._weight, self._bias = (arrays[name].astype(np.float32) for name in ("weight", "bias"))
        self._names = [[str(name) for name in arrays[kind]] for kind in ("scenes", "moods", "colors")]

    def __call__(self, embedding: np.ndarray) -> Evidence:
        logits = embedding @ self._weight + self._bias
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
    unread = reading.unread
    scenes = dict(reading.scenes)
    if unread == 0 and not reading.is_empty:
        return reading  # all of it was understood word by word
    trust = 1.0 if not scenes else 0.25 + 0.75 * unread
    open_to = {name: p for name, p in evidence.scenes.items() if name in words.scenes and name not in reading.denied}
    if scenes or unread > 0.5:
        open_to.pop(PLAIN, None)  # words that are not known are names of something
    likeliest = max(open_to.values())
    for name, probability in open_to.items():
        heard = not reading.scenes or probability * trust >= SAID_FLOOR
        if probability >= SCENE_FLOOR * likeliest and heard:
            scenes[name] = reading.scenes.get(name, 0.0) + probability * trust
    moods = dict(reading.moods)
    for name, probability in evidence.moods.items():
        new = name in words.moods and name not in moods and not reading.denied
        if new and probability >= MOOD_FLOOR + 0.3 * (1 - unread):
            moods[name] = (0.4 + 0.6 * unread) * probability
    colors = list(reading.colors)
    if not colors and not reading.bound and unread >= 0.5:
        colors = [
            (name, "") for name, p in sorted(evidence.colors.items(), key=lambda item: -item[1]) if p >= COLOR_FLOOR
        ][:2]
    return Reading(
        scenes=scenes, moods=moods, drawings=reading.drawings, colors=colors, bound=reading.bound,
        denied=reading.denied, everything=reading.everything, unknown=reading.unknown, known=reading.known,
    )  # fmt: skip


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
