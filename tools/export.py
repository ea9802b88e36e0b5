"""Turn trained checkpoints into ONNX files: `python tools/export.py reader engine/train/checkpoints/reader.pt`.

Prints the size and the worst difference to torch, and fails where they differ.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import NANO
from engine.export import export_painter, export_reader, quantize_reader
from engine.painter import Painter
from engine.reader import Reader
from engine.train.run import averaged_weights
from engine.worlds.samples import clips

WEIGHTS = Path(__file__).resolve().parent.parent / "engine" / "weights"
PARITY = 1e-4


@click.command(help=__doc__)
@click.argument("part", type=click.Choice(["reader", "painter"]))
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True))
@click.option("--folder", type=click.Path(path_type=Path), default=WEIGHTS, show_default=True)
@click.option("--int8/--fp32", default=True, show_default=True, help="Quantise the Reader's convolutions.")
def main(part: str, checkpoint: Path, folder: Path, int8: bool) -> None:
    export_checkpoint(part, checkpoint, folder, size=NANO.size, int8=int8, frames=32)


def export_checkpoint(part: str, checkpoint: Path, folder: Path, *, size: tuple[int, int], int8: bool,
                      frames: int) -> Path:  # fmt: skip
    """Writes `part`.onnx once it is whole and right; `frames` of the worlds set the ranges of the Reader's int8."""
    network = Reader() if part == "reader" else Painter()
    network.load_state_dict(averaged_weights(checkpoint))
    path, partial = folder / f"{part}.onnx", folder / f"{part}.part.onnx"
    export = export_reader if isinstance(network, Reader) else export_painter
    difference = export(network, partial, size)  # type: ignore[arg-type]
    click.echo(f"{path}: {partial.stat().st_size / 1e6:.2f} MB, worst difference to torch {difference:.1e}")
    if difference > PARITY:
        raise click.ClickException(f"the exported {part} differs from torch by more than {PARITY}; see {partial}")
    if part == "reader" and int8:
        pictures = [clip[0].rgb for clip in itertools.islice(clips("train", size, fresh=1.0), frames)]
        changed = quantize_reader(partial, pictures)
        size_mb = partial.stat().st_size / 1e6
        click.echo(f"{path}: int8, {size_mb:.2f} MB, {changed:.2%} of pixels seen otherwise than in fp32")
    return partial.replace(path)


if __name__ == "__main__":
    main()
