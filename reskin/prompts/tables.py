"""The lexicon: scenes, moods, drawings and colours, read from text files, and the index from a phrase to what it names.

Read once, at the first prompt. Knows nothing of sentences (`reading.py`) or of how a look is made (`look.py`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent

# What a colour in front of the word is the colour of: "a blue sky over red sand".
MATERIAL_WORDS = {
    "sky": "sky cloud heaven horizon",
    "ground": "ground sand dirt earth floor soil road street pavement dune path grass field lawn snow mud asphalt",
    "foliage": "tree leaf foliage bush plant vegetation flower blossom vine moss hedge",
    "rock": "rock mountain cliff boulder hill",
    "structure": "wall building house tower skyscraper brick bridge facade stone pillar window-frame",
    "roof": "roof rooftop shingle",
    "water": "water sea ocean river lake wave pond lagoon waterfall lava blood",
    "accent": "character person people hero player figure enemy robot item box car detail accent",
    "light": "sun moon light sunlight moonlight glow lantern lamp star lightning spotlight window neon torch",
    "fog": "fog mist haze smoke dust steam smog air",
}
PLACE_WORDS = (
    "city town palace castle forest temple village kingdom world land planet desert cave room jungle landscape"
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A world as it usually looks."""

    name: str
    colors: tuple[str, ...]  # hex: sky horizon ground foliage structure roof water accent sun
    patterns: tuple[str, str]  # of the ground and of structures
    light: dict[str, float]  # fog, elev, power, and fields of a theme's finish
    lava: bool = False


@dataclass(frozen=True, kw_only=True)
class Mood:
    """A change to a look."""

    name: str
    steps: tuple[tuple[str, ...], ...]  # ("tint", "24387c", ".4")


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    scenes: dict[str, Scene]
    moods: dict[str, Mood]  # in the order in which they are applied
    drawings: dict[str, dict[str, float]]  # name to fields of a theme's finish
    colors: dict[str, str]  # name to hex
    phrases: dict[str, tuple[tuple[str, str], ...]]  # to ("scene" | "mood" | "drawing" | "color", name)
    nouns: dict[str, str]  # a word to the part of a look that it is, or "place"
    titles: dict[str, str]  # a name to the words that stand for it
    longest: int  # words in a phrase

    def words_of(self, kind: str, name: str) -> list[str]:
        return [phrase for phrase, found in self.phrases.items() if (kind, name) in found]


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    phrases: dict[str, list[tuple[str, str]]] = defaultdict(list)
    scenes, moods, drawings = {}, {}, {}
    for name, words, body in _pairs("scenes.txt"):
        scenes[name] = _scene(name, body)
        for word in words:
            phrases[word].append(("scene", name))
    for name, words, body in _pairs("moods.txt"):
        moods[name] = Mood(name=name, steps=_steps(body))
        for word in words:
            phrases[word].append(("mood", name))
    for name, words, body in _pairs("drawings.txt"):
        drawings[name] = {key: float(value) for key, value in _steps(body)}
        for word in words:
            phrases[word].append(("drawing", name))
    codes = [word for line in _lines("colors.txt") for word in line.split()]
    colors = {name.replace("_", " "): f"#{code}" for name, code in zip(codes[::2], codes[1::2], strict=True)}
    for name in colors:
        phrases[name].append(("color", name))
    nouns = {word: part for part, words in MATERIAL_WORDS.items() for word in words.split()}
    nouns |= dict.fromkeys(PLACE_WORDS.split(), "place")
    found = {phrase: tuple(dict.fromkeys(meanings)) for phrase, meanings in phrases.items()}
    titles = _titles()
    longest = max(phrase.count(" ") + 1 for phrase in (*found, *titles))
    return Lexicon(
        scenes=scenes, moods=moods, drawings=drawings, colors=colors, phrases=found, nouns=nouns, titles=titles,
        longest=longest,
    )  # fmt: skip


def _lines(name: str) -> list[str]:
    text = (_HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _titles() -> dict[str, str]:
    lines = (line.partition(":") for line in _lines("titles.txt"))
    return {name.strip().replace("-", " "): words.strip() for names, _, words in lines for name in names.split(",")}


def _pairs(name: str) -> list[tuple[str, list[str], str]]:
    """Name, words and body of every two lines; hyphens are spaces, as in what is looked up."""
    lines = _lines(name)
    pairs = []
    for head, body in zip(lines[::2], lines[1::2], strict=True):
        title, _, words = head.partition(":")
        pairs.append((title, [word.strip().replace("-", " ") for word in words.split(",") if word.strip()], body))
    return pairs


def _steps(body: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(step.split()) for step in body.split(";") if step.strip())


def _scene(name: str, body: str) -> Scene:
    colors, patterns, light = (part.split() for part in body.split("|"))
    lava = "lava" in light
    numbers = [word for word in light if word != "lava"]
    values = {key: float(value) for key, value in zip(numbers[::2], numbers[1::2], strict=True)}
    ground, structure = patterns
    return Scene(
        name=name, colors=tuple(f"#{code}" for code in colors), patterns=(ground, structure), light=values, lava=lava
    )
