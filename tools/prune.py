"""Make a transformer Painter smaller where it is least missed, and train it back.

    python tools/prune.py engine/weights/small/painter.safetensors --reader engine/weights/small/reader.onnx \\
        --layers 3 --heads 10 --hidden 2048 --trials

Prints parameters, GFLOP and ms of a step, and PSNR on validation clips: of the whole one, the pruned one, and the
pruned one trained back with shortcuts. `--trials` adds FP8 and 2:4 sparsity (torchao: `pip install --no-deps torchao`,
a GPU), each kept only where a whole frame is faster. The last line is JSON. Goes on where it stopped.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import SHAPES, Shape
from engine.cores import usable_cores
from engine.network_file import Held, NetworkFileError, load_network, save_network
from engine.token_painter import TokenPainter
from engine.train import distributed
from engine.train.painter import PainterRecipe
from engine.train.painter_data import ClipStore, digest
from engine.train.pruning import Size, prune_and_train
from engine.train.run import CHECKPOINT
from reskin.whole_file import write_whole
from tools.prune_trials import Trial, trials

TOKEN_PRESETS = [name for name, preset in SHAPES.items() if preset.tokens is not None]


@click.command(help=__doc__)
@click.argument("painter", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--preset", type=click.Choice(TOKEN_PRESETS), default="small", show_default=True)
@click.option("--layers", type=int, required=True, help="That stay.")
@click.option("--heads", type=int, required=True, help="Of every layer; even, so that tiles of 128 channels are full.")
@click.option("--hidden", type=int, required=True, help="Channels of every MLP; a multiple of 128.")
@click.option("--reader", type=click.Path(path_type=Path, exists=True), required=True,
              help="The preset's reader.onnx: clips are made with it.")  # fmt: skip
@click.option("--clips", default=300, show_default=True, help="To train on; a fifth as many are measured on.")
@click.option("--batch", default=8, show_default=True)
@click.option("--minutes", default=5.0, show_default=True, help="Of training back.")
@click.option("--folder", type=click.Path(path_type=Path),
              help="[default: runs/pruned_LAYERSxHEADSxHIDDEN]")  # fmt: skip
@click.option("--trials", "tries", is_flag=True, help="Then FP8 and 2:4 sparsity on whole frames, through torchao.")
def main(painter: Path, preset: Shape, layers: int, heads: int, hidden: int, reader: Path, clips: int, batch: int,
         minutes: float, folder: Path | None, tries: bool) -> None:  # fmt: skip
    size, left = SHAPES[preset].size, Size(layers=layers, heads=heads, hidden=hidden)
    folder = folder or Path(f"runs/pruned_{layers}x{heads}x{hidden}")
    try:
        whole = load_network(painter, "painter", preset)
    except NetworkFileError as error:
        raise click.ClickException(str(error)) from error
    assert isinstance(whole, TokenPainter)
    claim(folder, painter, left)
    recipe = PainterRecipe(preset=preset, size=size, clips=clips, batch=batch, minutes=minutes, matrix_lr=0.008,
                           other_lr=6e-4, shortcut_share=0.4)  # fmt: skip
    workers = usable_cores()
    try:
        store = ClipStore(folder / "clips", count=clips, frames=recipe.frames, size=size, reader=reader,
                          workers=workers)  # fmt: skip
        held_out = ClipStore(folder / "held_out", count=max(4, clips // 5), frames=recipe.frames, size=size,
                             reader=reader, split="validation", workers=workers)  # fmt: skip
        smaller, rows = prune_and_train(whole, left, store, held_out, recipe, folder, distributed.device())
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    path = folder / "painter.safetensors"
    save_network(smaller, path, Held(part="painter", shape=preset, size=size, tokens=smaller.shape))
    table = Table("", "parameters", "GFLOP a step", "ms a step", "PSNR")
    for row in rows:
        table.add_row(row.name, f"{row.parameters / 1e6:.1f} M", f"{row.gflop:.1f}", f"{row.step_ms:.2f}",
                      f"{row.psnr_db:.2f} dB")  # fmt: skip
    Console().print(table)
    tried: list[Trial] = []
    if tries:
        second = Table("trial", "GFLOP a step", "ms a frame", "PSNR", "kept")
        for trial in trials(smaller, SHAPES[preset], store, held_out, recipe, folder, distributed.device()):
            tried.append(trial)
            second.add_row(trial.name, f"{trial.gflop:.1f}", f"{trial.frame_ms:.2f}", f"{trial.psnr_db:.2f} dB",
                           f"{'yes' if trial.kept else 'no'}: {trial.why}")  # fmt: skip
        Console().print(second)
    lines = {"rows": [asdict(row) for row in rows], "trials": [asdict(trial) for trial in tried]}
    print(json.dumps({"weights": str(path), **lines}))


def claim(folder: Path, painter: Path, left: Size) -> None:
    """Notes in the folder what is trained in it; ClickException where its checkpoint is another Painter's or size's.

    A checkpoint itself says neither: it would be gone on from as if it were this one's.
    """
    note, own = folder / "pruned_from", f"{digest(painter)} {left.layers}x{left.heads}x{left.hidden}\n"
    trained = (folder / CHECKPOINT).exists() and note.exists()
    if trained and note.read_text(encoding="ascii") != own:
        raise click.ClickException(
            f"pruning {painter} in {folder}: another Painter or size is trained there. Name another --folder, or "
            "delete this one"
        )
    write_whole(note, own.encode("ascii"))


if __name__ == "__main__":
    main()
