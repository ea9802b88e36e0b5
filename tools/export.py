"""Turn trained checkpoints into files to run: `python tools/export.py reader engine/train/checkpoints/reader.pt`.

Of nano ONNX files, of small and base also safetensors, their Painters nothing else. Prints the size and the worst
difference to torch, and fails where they differ. With --small a Painter's weights are stored in 8 bits, a scale for
each output channel, and still computed with in fp32: for the variants that tools/evaluate.py has as baselines. An
exported Painter is stored so by `python tools/export.py painter engine/train/variants/painter_no-history.onnx --small`.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import SHAPES, Shape
from engine.export import export_painter, export_reader, quantize_reader, store_small, update_manifest
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
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Default: engine/weights, or its folder of the preset; of an ONNX file its own.",
)
@click.option("--preset", type=click.Choice(list(SHAPES)), default="nano", show_default=True,
              help="Which the checkpoint is of.")  # fmt: skip
@click.option("--int8/--fp32", default=True, show_default=True, help="Quantise the Reader's convolutions.")
@click.option("--small", is_flag=True, help="Store a Painter's weights in 8 bits; CHECKPOINT may be its ONNX file.")
def main(part: Part, checkpoint: Path, folder: Path | None, preset: Shape, int8: bool, small: bool) -> None:
    if small and (part != "painter" or SHAPES[preset].tokens is not None):
        raise click.UsageError("--small is for nano's Painter; the Reader has --int8")
    if checkpoint.suffix == ".onnx":
        if not small:
            raise click.UsageError(f"{checkpoint} is exported already; a checkpoint was expected, or --small")
        write_small(checkpoint, (folder or checkpoint.parent) / checkpoint.name)
        return
    folder = folder or (WEIGHTS if preset == "nano" else WEIGHTS / preset)
    path = export_checkpoint(part, checkpoint, folder, shape=preset, size=SHAPES[preset].size, int8=int8, frames=32)
    if small:
        write_small(path, path)


def write_small(exported: Path, path: Path) -> None:
    """Writes an exported Painter to `path` with its weights in 8 bits, once that is whole."""
    partial = path.with_suffix(".part.onnx")
    shutil.copyfile(exported, partial)
    moved = store_small(partial)
    partial.replace(path)
    update_manifest(path)
    click.echo(f"{path}: weights in 8 bits, {path.stat().st_size / 1e6:.2f} MB, outputs moved by {moved:.2%}")


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
