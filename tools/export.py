"""Turn trained checkpoints into files to run: `python tools/export.py reader engine/train/checkpoints/reader.pt`.

Of nano ONNX files, of small and base also safetensors, their Painters nothing else. Prints the size and the worst
difference to torch, and fails where they differ.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import SHAPES, Shape
from engine.export import export_painter, export_reader, quantize_reader, update_manifest
from engine.network_file import Held, Part, new_network, save_network
from engine.reader import Reader
from engine.token_painter import TokenPainter
from engine.train.run import averaged_weights
from engine.worlds.samples import clips

WEIGHTS = Path(__file__).resolve().parent.parent / "engine" / "weights"
PARITY = 1e-4


@click.command(help=__doc__)
@click.argument("part", type=click.Choice(["reader", "painter"]))
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True))
@click.option("--folder", type=click.Path(path_type=Path), help="Default: engine/weights, or its folder of the preset.")
@click.option("--preset", type=click.Choice(list(SHAPES)), default="nano", show_default=True,
              help="Which the checkpoint is of.")  # fmt: skip
@click.option("--int8/--fp32", default=True, show_default=True, help="Quantise the Reader's convolutions.")
def main(part: Part, checkpoint: Path, folder: Path | None, preset: Shape, int8: bool) -> None:
    folder = folder or (WEIGHTS if preset == "nano" else WEIGHTS / preset)
    export_checkpoint(part, checkpoint, folder, shape=preset, size=SHAPES[preset].size, int8=int8, frames=32)


def export_checkpoint(part: Part, checkpoint: Path, folder: Path, *, shape: Shape, size: tuple[int, int], int8: bool,
                      frames: int) -> Path:  # fmt: skip
    """Writes `part`.onnx once it is whole and right; `frames` of the worlds set the ranges of the Reader's int8.

    Of a GPU's preset `part`.safetensors too; its Painter is not exported otherwise.
    """
    held = Held(part=part, shape=shape, size=size)
    network = new_network(held)
    network.load_state_dict(averaged_weights(checkpoint))
    kept = folder / f"{part}.safetensors"
    if isinstance(network, TokenPainter):
        save_network(network, kept, held)
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"{part}.onnx", folder / f"{part}.part.onnx"
    export = export_reader if isinstance(network, Reader) else export_painter
    difference = export(network, partial, size)  # type: ignore[arg-type]
    click.echo(f"{path}: {partial.stat().st_size / 1e6:.2f} MB, worst difference to torch {difference:.1e}")
    if not difference <= PARITY:  # NaN is no agreement either
        raise click.ClickException(
            f"the exported {part} differs from torch by {difference:g}, expected {PARITY} at most; see {partial}"
        )
    if part == "reader" and int8:
        pictures = [clip[0].rgb for clip in itertools.islice(clips("train", size, fresh=1.0), frames)]
        changed = quantize_reader(partial, pictures)
        size_mb = partial.stat().st_size / 1e6
        click.echo(f"{path}: int8, {size_mb:.2f} MB, {changed:.2%} of pixels seen otherwise than in fp32")
    partial.replace(path)
    update_manifest(path)
    if SHAPES[shape].tokens is not None:
        save_network(network, kept, held)
    return path


if __name__ == "__main__":
    main()
