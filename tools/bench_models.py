"""What each exported network costs: `python tools/bench_models.py [FILE.onnx ...]`, the shipped ones without files.

Multiply-adds and parameters are counted in the graph; milliseconds are medians on random input, for onnxruntime and,
where it is installed, openvino. With --exact READER (the same Reader exported with --fp32) also what int8 changes: the
share of pixels that it takes for another material, and the PSNR between the underpaintings; --sheet or --pictures shows
it. With --presets also the presets for a GPU, with random weights: what a CPU would need for them, their Painters op by
op in torch. One JSON line last; --figures adds it to the file from which tools/evaluation_readme.py makes its tables.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import onnx
import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import NANO, SHAPES
from engine.export import export_reader
from engine.live import WEIGHTS, open_session, read_frame
from engine.painter_state import underpainting
from engine.reader import Reader
from engine.token_painter import TokenPainter
from engine.train.figures import psnr_db
from engine.train.pruning import step_cost
from engine.underpaint import Underpainter
from engine.worlds.samples import clips
from reskin.themes import load_theme, shipped_themes
from tools.evaluation_figures import MODELS, Measured, add_part, networks_of
from tools.evaluation_plots import write_sheet

THREADS = (1, 2)
WARM_UP = 5
SHEET_ROWS = 3
ENLARGED = 4  # how many times a difference is shown, to be seen at all
SHEET_COLUMNS = ("source", "underpainting, int8", "the same, fp32", f"difference, {ENLARGED} times")
MIN_COLUMNS = 150  # that no cell is broken
Run = Callable[[], object]


def count(path: Path) -> tuple[int, int]:
    """Multiply-adds of one run, and parameters; the scales of int8 are no parameters."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
              for value in (*graph.value_info, *graph.input, *graph.output)}  # fmt: skip
    shapes |= {weight.name: list(weight.dims) for weight in graph.initializer}
    scales = {name for node in graph.node if "Linear" in node.op_type for name in node.input[1:]}
    parameters = sum(int(np.prod(weight.dims)) for weight in graph.initializer if weight.name not in scales)
    return sum(_macs(node, shapes) for node in graph.node), parameters


def _macs(node: Any, shapes: dict[str, list[int]]) -> int:
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    seen, weight, out = shapes[node.input[0]], shapes[node.input[1]], shapes[node.output[0]]
    if node.op_type == "ConvTranspose":
        return int(np.prod(seen) * np.prod(weight[1:]))  # every input pixel is spread over the kernel
    each = np.prod(weight[1:]) if node.op_type == "Conv" else seen[-1]
    return int(np.prod(out) * each)


def random_inputs(path: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {value.name: rng.random(value.shape, np.float32) for value in open_session(path, 1).get_inputs()}


def onnxruntime_run(path: Path, threads: int) -> Run:
    session, inputs = open_session(path, threads), random_inputs(path)
    return lambda: session.run(None, inputs)


def openvino_run(path: Path, threads: int) -> Run:
    import openvino

    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.compile_model(path, "CPU", options).create_infer_request()
    inputs = random_inputs(path)
    return lambda: request.infer(inputs)


RUNTIMES = {"onnxruntime": onnxruntime_run, "openvino": openvino_run}


def median_ms(run: Run, runs: int) -> float:
    took = []
    for _ in range(WARM_UP + runs):
        began = time.perf_counter()
        run()
        took.append((time.perf_counter() - began) * 1e3)
    return round(float(np.median(took[WARM_UP:])), 2)


def measure(path: Path, runs: int) -> dict[str, Any]:
    macs, parameters = count(path)
    times = {f"{name}_{threads}_ms": median_ms(make(path, threads), runs) if find_spec(name) else None
             for name, make in RUNTIMES.items() for threads in THREADS}  # fmt: skip
    return {"gmacs": round(macs / 1e9, 4), "parameters": parameters, "bytes": path.stat().st_size, **times}


def measure_untrained(folder: Path, runs: int) -> dict[str, dict[str, Any]]:
    """The same of the presets that wait for a GPU, by row; their Painters are no graphs."""
    found: dict[str, dict[str, Any]] = {}
    for name, preset in SHAPES.items():
        if preset.tokens is None:
            continue
        path = folder / f"{name}.onnx"
        export_reader(Reader(preset.reader_widths), path, preset.size)
        found[f"{name}: Reader, random weights"] = measure(path, runs)
        painter = TokenPainter(preset.tokens, preset.size).eval()
        gflop, step_ms = step_cost(painter, torch.device("cpu"), runs)
        parameters = sum(weight.numel() for weight in painter.parameters())
        found[f"{name}: Painter, a step, random weights"] = {
            "gmacs": round(gflop / 2, 2), "parameters": parameters, "bytes": 2 * parameters,
            "torch_ms": round(step_ms, 1),
        }  # fmt: skip
    return found


def compare(ours: Path, exact: Path, worlds: int) -> tuple[dict[str, float], list[list[np.ndarray]]]:
    """What the quantised Reader changes on test worlds, and rows of a sheet."""
    sessions = [open_session(path, 1) for path in (ours, exact)]
    styles = [load_theme(path).style() for path in shipped_themes().values()]
    changed, psnr, rows = [], [], []
    for i, (frame,) in enumerate(islice(clips("test", NANO.size, fresh=1.0), worlds)):
        readings = [read_frame(session, frame.rgb) for session in sessions]
        changed.append((readings[0][0].argmax(axis=2) != readings[1][0].argmax(axis=2)).mean())
        pictures = [underpainting(frame.rgb, Underpainter().paint(frame.rgb, *reading, styles[i % len(styles)]))
                    for reading in readings]  # fmt: skip
        psnr.append(psnr_db(*pictures))
        rows.append([frame.rgb, *pictures, ENLARGED * np.abs(pictures[0] - pictures[1])])
    figures = {"int8_pixels_changed": round(float(np.mean(changed)), 4), "int8_psnr": round(float(np.mean(psnr)), 2)}
    return figures, rows[:SHEET_ROWS]


def row_names(paths: Sequence[Path]) -> dict[str, Path]:
    """By the files' stems; by the whole paths where two have the same."""
    stems = {path.stem: path for path in paths}
    return stems if len(stems) == len(paths) else {str(path): path for path in paths}


def times_in_words(row: Mapping[str, Any]) -> list[str]:
    """A cell for each runtime and number of threads."""
    if "torch_ms" in row:
        return [f"torch {row['torch_ms']:.0f}", "", "", ""]
    times = [row[f"{runtime}_{n}_ms"] for runtime in RUNTIMES for n in THREADS]
    return ["not installed" if ms is None else f"{ms:.2f}" for ms in times]


def print_models(console: Console, rows: Mapping[str, Mapping[str, Any]], runs: int) -> None:
    table = Table(title=f"networks; ms are medians of {runs} runs, on 1 and 2 threads")
    table.add_column("network", no_wrap=True)
    for name in ("GMAC", "parameters", "MB", *(f"{name} {n}, ms" for name in RUNTIMES for n in THREADS)):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row in rows.items():
        size = (f"{row['gmacs']:.3f}", f"{row['parameters'] / 1e6:.2f} M", f"{row['bytes'] / 1e6:.2f}")
        table.add_row(name, *size, *times_in_words(row))
    console.print(table)


@click.command(help=__doc__)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--runs", default=50, show_default=True, type=click.IntRange(min=1), help="Of each network.")
@click.option("--exact", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The Reader in fp32.")
@click.option("--worlds", default=24, show_default=True, type=click.IntRange(min=1), help="For --exact.")
@click.option("--presets", is_flag=True, help="The presets for a GPU too; takes minutes.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="PNG of int8 beside fp32, for --exact.")
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the same as evaluation-int8.jpg, small; themes/pictures is the README's.")  # fmt: skip
@click.option("--figures", type=click.Path(path_type=Path, dir_okay=False),
              help="JSON file to add all to; engine/weights/figures.json is the README's. Without FILES.")  # fmt: skip
def main(files: tuple[Path, ...], runs: int, exact: Path | None, worlds: int, presets: bool,
         sheet: Path | None, pictures: Path | None, figures: Path | None) -> None:  # fmt: skip
    if exact is None and (sheet or pictures):
        raise click.UsageError("--sheet and --pictures show what int8 changes, and need --exact")
    if files and figures:
        raise click.UsageError("--figures takes the networks that ship, not FILES")
    cv2.setNumThreads(1)
    began, console = time.monotonic(), Console(width=max(MIN_COLUMNS, Console().width))
    reader = files[0] if files else WEIGHTS / "reader.onnx"
    paths = row_names(files) if files else {"nano, lite: Reader": reader, "nano: Painter": WEIGHTS / "painter.onnx"}
    if exact is not None:
        paths["the Reader in fp32"] = exact
    rows = {name: measure(path, runs) for name, path in paths.items()}
    if presets:
        with tempfile.TemporaryDirectory() as folder:
            rows |= measure_untrained(Path(folder), min(runs, 3))
    print_models(console, rows, runs)
    found: dict[str, Any] = {"models": rows}
    if exact is not None:
        changes, shown = compare(reader, exact, worlds)
        found |= changes
        share, psnr = changes["int8_pixels_changed"], changes["int8_psnr"]
        console.print(f"int8 against fp32: {share:.2%} of pixels read otherwise, underpaintings {psnr} dB apart")
        for path in filter(None, (sheet, pictures and pictures / "evaluation-int8.jpg")):
            write_sheet(path, SHEET_COLUMNS, shown)
    if figures is not None:
        minutes, sizes = round((time.monotonic() - began) / 60, 1), {"runs": runs, "worlds": worlds}
        measured = Measured(preset="all", split="test", sizes=sizes, minutes=minutes, networks=networks_of(MODELS),
                            figures=found)  # fmt: skip
        add_part(figures, MODELS, measured)
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
