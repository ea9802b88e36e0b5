"""Trains what people expect of a sentence (`reskin/prompts/expectation.py`) on prompts with the look expected of each.

python tools/train_expectation.py [--out reskin/prompts/expectation.npz]

Learns from tools/prompt_captions and the two development lists of tests/prompts; never reads the held-out one. First
says how much it changes on prompts that it has not seen, a part at a time kept out (the words' own share beside it),
then trains on all and writes. A minute on one core, nearly all of it for the embeddings.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.prompts.expectation import ANSWERS, HUES, LIGHTS, WARMTHS, WEIGHTS, Expectation, likeness, meet
from reskin.prompts.look import compose
from reskin.prompts.mapper import join, mapper
from reskin.prompts.parameters import parameters
from reskin.prompts.reading import clean, read
from reskin.prompts.sentence import embed_all
from reskin.themes import Theme
from tests.prompts.judge import Sentence

ROOT = Path(__file__).resolve().parent
LISTS = (
    *sorted((ROOT / "prompt_captions").glob("*.toml")),
    *(ROOT.parent / "tests" / "prompts" / f"{name}.toml" for name in ("development", "second_development")),
)
PENALTY = 0.5  # of the ridge
PARTS = 8  # of the captions, for the trial


def captions() -> list[Sentence]:
    rows = [row for path in LISTS for row in tomllib.loads(path.read_text("utf-8"))["sentence"]]
    return [
        Sentence(text=row["text"], **{key: frozenset(names.split("|")) for key, names in row["look"].items()})
        for row in rows
    ]


def fit(embedded: np.ndarray, asked: list[Sentence]) -> dict[str, np.ndarray]:
    """The arrays of an `Expectation`; `embedded` (n, width)."""
    whole = np.round(embedded * 127 / np.abs(embedded).max(axis=1, keepdims=True)).astype(np.int8)
    unit = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    wanted = np.array([[float(name in accepted(one, name)) for name in ANSWERS] for one in asked])
    mean = wanted.mean(axis=0)
    answers = np.linalg.solve(likeness(unit, unit) + PENALTY * np.eye(len(unit)), wanted - mean)
    return {"captions": whole, "answers": answers.astype(np.float16), "mean": mean.astype(np.float16)}


def accepted(one: Sentence, name: str) -> frozenset[str]:
    """The names that the caption accepts, of the kind that `name` is of."""
    return one.brightness if name in LIGHTS else one.warmth if name in WARMTHS else one.hue


def is_right(one: Sentence, felt: np.ndarray, expectation: Expectation | None) -> bool:
    reading = join(read(clean(one.text)), mapper()(felt))
    look = compose(reading)
    if expectation is not None:
        meet(look, expectation(felt), reading.unread)
    return all(one.right(Theme.model_validate({"name": "prompted", **parameters(look)})).values())


def tried(embedded: np.ndarray, asked: list[Sentence]) -> dict[str, Any]:
    """The shares of captions that are right with and without, each judged by a fit that has not seen it."""
    part = np.random.default_rng(3).integers(0, PARTS, len(asked))
    before, after = [], []
    for kept_out in range(PARTS):
        seen = part != kept_out
        expectation = Expectation(fit(embedded[seen], [one for one, is_in in zip(asked, seen, strict=True) if is_in]))
        for at in np.flatnonzero(~seen):
            before.append(is_right(asked[at], embedded[at], None))
            after.append(is_right(asked[at], embedded[at], expectation))
    return {"captions": len(asked), "words and mapper": np.mean(before), "and what is expected": np.mean(after)}


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=WEIGHTS)
def main(out: Path) -> None:
    asked = captions()
    embedded = embed_all([clean(one.text) for one in asked])
    for name, figure in tried(embedded, asked).items():
        click.echo(f"{name}: {figure:.1%}" if isinstance(figure, float) else f"{name}: {figure}")
    arrays: dict[str, Any] = fit(embedded, asked)
    np.savez_compressed(out, **arrays)
    click.echo(f"{out}: {out.stat().st_size / 1000:.0f} kB, {len(HUES)} hues")


if __name__ == "__main__":
    main()
