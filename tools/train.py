"""Train a stage of the model: `python tools/train.py reader --minutes 50`. Resumes from its last checkpoint.

Runs belong in the background: `nice -n 19 python tools/train.py reader > runs/reader.txt 2>&1 &`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.train.reader import ReaderRecipe, train_reader  # noqa: E402

RUNS = Path(__file__).resolve().parent.parent / "runs"


@click.group(help=__doc__)
@click.option("--threads", default=1, show_default=True, help="CPU threads of the trainer; data has its own process.")
def main(threads: int) -> None:
    torch.set_num_threads(threads)


@main.command()
@click.option("--minutes", default=50.0, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that make samples.")
@click.option("--folder", type=click.Path(path_type=Path), default=RUNS / "reader", show_default=True)
def reader(minutes: float, workers: int, folder: Path) -> None:
    """Stage 1: what every pixel is."""
    train_reader(folder, replace(ReaderRecipe(), minutes=minutes, workers=workers))


if __name__ == "__main__":
    main()
