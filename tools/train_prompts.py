"""Trains the mapper from sentence embeddings to scenes, moods and colours, on captions from a grammar.

python tools/train_prompts.py [--out reskin/prompts/mapper.npz] [--captions 3000] [--seed 7]

The grammar puts the lexicon's own phrases into sentences, so every caption's truth is known; the embedding carries that
over to words that no caption holds. A tenth of the phrases is kept out of training, and how often the scene, mood or
colour of those unseen phrases is found is printed. Needs the sentence embedding and numpy; minutes on one core, nearly
all of it for the embeddings, which --cache keeps. Nothing here reads the lists of tests/prompts.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.prompts import mapper
from reskin.prompts.look import lab_of
from reskin.prompts.reading import read
from reskin.prompts.sentence import WIDTH, embed_all
from reskin.prompts.tables import Lexicon, lexicon

EPOCHS, BATCH = 15, 256
SCALE = 8.0  # of the embedding, whose numbers are about 0.05
DECAY = 0.01
KEPT_OUT = 0.1  # share of phrases that only the validation sees
# {s} a scene, {t} another, {m} a mood, {n} another, {c} a colour
TEMPLATES = (
    "{s}", "{s}", "{m}", "{c}", "{s}, {t}", "{m} {s}", "{m} {s}", "{s}, {m}", "a {m} {s}", "the {s} looks {m}",
    "{s} and {t}", "{c} {s}", "a {c} {s}, {m}", "{m}, {n}", "{m} and {n} {s}", "{s} with {m} and {n}", "{c} and {m}",
    "a game set in a {s}", "the world of {s}", "in the style of {s}", "{s} world", "make it look like {s}",
    "everything {c}", "everything {m}", "{m} {t} with {s}", "a movie about {s}", "{s} at {m}", "{m} over the {s}",
    "an old {s}", "deep inside a {s}", "a {c} world", "{s} aesthetic", "{s} but {m}", "a beautiful {m} {s}, {c}",
)  # fmt: skip


AROUND = ("the game {}", "like {}", "{} style", "a {} world", "the look of {}", "in {}", "{} at home", "a {}")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Indices of what a caption names."""

    scenes: tuple[int, ...]
    moods: tuple[int, ...]
    colors: tuple[int, ...]


class Grammar:
    def __init__(self, words: Lexicon, seed: int, kept_out: float) -> None:
        self._random = np.random.default_rng(seed)
        self._share_kept_out = kept_out
        self.scenes, self.moods = list(words.scenes), list(words.moods)
        self.families: dict[str, int] = {}  # every colour's name to the family that it is of
        families = {name: lab_of(words.colors[name]) for name in mapper.COLORS}
        self._phrases: dict[str, list[tuple[str, int]]] = {"scene": [], "mood": [], "color": []}
        self.kept_out: dict[str, list[tuple[str, int]]] = {"scene": [], "mood": [], "color": []}
        for kind, names in (("scene", self.scenes), ("mood", self.moods)):
            for index, name in enumerate(names):
                for phrase in words.words_of(kind, name):
                    self._add(kind, phrase, index)
        for name, code in words.colors.items():
            lab = lab_of(code)
            near = min(
                mapper.COLORS, key=lambda family: float(np.linalg.norm((families[family] - lab) * [0.6, 1.5, 1.5]))
            )
            self.families[name] = mapper.COLORS.index(near)
            self._add("color", name, self.families[name])
        self._by_index = {
            kind: [[phrase for phrase, at in pairs if at == index] for index in range(1 + max(at for _, at in pairs))]
            for kind, pairs in self._phrases.items()
        }

    def caption(self) -> tuple[str, Truth]:
        template = str(self._random.choice(TEMPLATES))
        found: dict[str, list[int]] = {"scene": [], "mood": [], "color": []}

        def word(slot: str, kind: str) -> str:
            if slot not in template:
                return ""
            choices: list[str] = []
            while not choices:  # every scene as often, however many words it has
                index = int(self._random.integers(len(self._by_index[kind])))
                choices = self._by_index[kind][index]
            found[kind].append(index)
            return str(self._random.choice(choices))

        slots = {"s": "scene", "t": "scene", "m": "mood", "n": "mood", "c": "color"}
        text = template.format(**{slot: word(f"{{{slot}}}", kind) for slot, kind in slots.items()})
        scenes, moods, colors = (tuple(found[kind]) for kind in ("scene", "mood", "color"))
        return text, Truth(scenes=scenes, moods=moods, colors=colors)

    def titles(self) -> list[tuple[str, Truth]]:
        """Names of games, films, places and things, with what the words that stand for them name."""
        found = []
        for name, words in lexicon().titles.items():
            reading = read(words)
            near = [self.families[color] for color, _ in reading.colors] + [
                self.families[c] for _, c, _ in reading.bound
            ]
            truth = Truth(
                scenes=tuple(self.scenes.index(scene) for scene in reading.scenes),
                moods=tuple(self.moods.index(mood) for mood in reading.moods), colors=tuple(near),
            )  # fmt: skip
            found += [(name, truth), (f"{self._random.choice(AROUND).format(name)}", truth)]
        return found

    def singles(self) -> list[tuple[str, Truth]]:
        """Every training phrase by itself."""
        return [(phrase, _truth(kind, index)) for kind, pairs in self._phrases.items() for phrase, index in pairs]

    def _add(self, kind: str, phrase: str, index: int) -> None:
        first = not any(at == index for _, at in self._phrases[kind])
        out = not first and self._random.random() < self._share_kept_out
        (self.kept_out if out else self._phrases)[kind].append((phrase, index))


def _truth(kind: str, index: int) -> Truth:
    indices = {name: ((index,) if name == kind else ()) for name in ("scene", "mood", "color")}
    return Truth(scenes=indices["scene"], moods=indices["mood"], colors=indices["color"])


def embeddings(texts: list[str], cache: Path | None) -> np.ndarray:
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    file = cache / f"{digest}.npy" if cache else None
    if file and file.exists():
        return np.load(file, allow_pickle=False)
    found = embed_all(texts)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, found, allow_pickle=False)
    return found


def targets(truths: list[Truth], sizes: tuple[int, int, int]) -> np.ndarray:
    """(n, scenes + moods + colours): a distribution over scenes, 0 or 1 for each mood and colour."""
    table = np.zeros((len(truths), sum(sizes)), np.float32)
    for row, truth in zip(table, truths, strict=True):
        for scene in truth.scenes:
            row[scene] += 1 / len(truth.scenes)
        row[[sizes[0] + mood for mood in truth.moods]] = 1
        row[[sizes[0] + sizes[1] + color for color in truth.colors]] = 1
        if not truth.scenes:
            row[sizes[0] - 1] = 1  # the last scene is the plain one
    return table


def train(x: np.ndarray, y: np.ndarray, scenes: int, *, seed: int) -> dict[str, np.ndarray]:
    """Adam on cross-entropies, softmax over scenes and a sigmoid each for the rest, with weight decay."""
    random = np.random.default_rng(seed)
    w = {"weight": np.zeros((WIDTH, y.shape[1]), np.float32), "bias": np.zeros(y.shape[1], np.float32)}
    first, second = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    steps, total = 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = random.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            inputs = x[rows] * np.float32(SCALE)
            error = _answers(inputs @ w["weight"] + w["bias"], scenes) - y[rows]
            error[:, scenes:] *= 1 + 4 * y[rows][:, scenes:]  # a mood that is there is rarer than one that is not
            error /= BATCH
            gradients = {"weight": inputs.T @ error + DECAY * w["weight"], "bias": error.sum(0)}
            steps += 1
            rate = 0.01 * (1 - steps / total)
            for name, gradient in gradients.items():
                first[name] += 0.1 * (gradient - first[name])
                second[name] += 0.01 * (gradient**2 - second[name])
                unbiased = first[name] / (1 - 0.9**steps) / (np.sqrt(second[name] / (1 - 0.99**steps)) + 1e-8)
                w[name] -= rate * unbiased
    return {"weight": w["weight"] * np.float32(SCALE), "bias": w["bias"]}


def _answers(logits: np.ndarray, scenes: int) -> np.ndarray:
    shares = np.exp(logits[:, :scenes] - logits[:, :scenes].max(axis=1, keepdims=True))
    return np.concatenate([shares / shares.sum(axis=1, keepdims=True), 1 / (1 + np.exp(-logits[:, scenes:]))], axis=1)


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=mapper.WEIGHTS)
@click.option("--captions", default=3000, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="A folder for the embeddings.")
def main(out: Path, captions: int, seed: int, cache: Path | None) -> None:
    for kept_out in (KEPT_OUT, 0.0):  # the first fit says how well it carries over, the second ships
        grammar = Grammar(lexicon(), seed, kept_out)
        pairs = grammar.singles() + 2 * grammar.titles() + [grammar.caption() for _ in range(captions)]
        x = embeddings([text for text, _ in pairs], cache)
        sizes = (len(grammar.scenes), len(grammar.moods), len(mapper.COLORS))
        weights = train(x, targets([truth for _, truth in pairs], sizes), sizes[0], seed=seed)
        arrays = {name: value.astype(np.float16) for name, value in weights.items()}
        arrays |= {"scenes": np.array(grammar.scenes), "moods": np.array(grammar.moods)}
        arrays |= {"colors": np.array(mapper.COLORS)}
        if kept_out:
            report(grammar, mapper.Mapper(arrays), cache)
    np.savez_compressed(out, allow_pickle=False, **arrays)
    click.echo(f"{out}: {out.stat().st_size / 1e3:.0f} kB, {len(pairs)} captions, seed {seed}")


def report(grammar: Grammar, trained: mapper.Mapper, cache: Path | None) -> None:
    """How often the phrases that were kept out are named right at first."""
    for kind, names in (("scene", grammar.scenes), ("mood", grammar.moods), ("color", list(mapper.COLORS))):
        unseen = grammar.kept_out[kind]
        evidence = [trained(row) for row in embeddings([phrase for phrase, _ in unseen], cache)]
        answers = [getattr(found, f"{kind}s") for found in evidence]
        right = sum(max(answer, key=answer.get) == names[at] for answer, (_, at) in zip(answers, unseen, strict=True))
        click.echo(
            f"{kind}: {right} of {len(unseen)} unseen phrases are named right at first ({right / len(unseen):.0%})"
        )


if __name__ == "__main__":
    main()
