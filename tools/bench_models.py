"""What each exported network costs: `python tools/bench_models.py [FILE.onnx ...]`, the shipped ones without files.

Multiply-adds and parameters are counted in the graph; milliseconds are medians on random input, for onnxruntime and,
where it is installed, openvino. With --exact READER (the same Reader exported with --fp32) also what int8 changes: the
share of pixels that it takes for another material, and the PSNR between the underpaintings. With --untrained also the
presets for a GPU, with random weights: what a CPU would need for them, their Painters op by op in torch. One JSON line
last.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
from tools.evaluation_plots import write_sheet

THREADS = (1, 2)
WARM_UP = 5
SHEET_ROWS = 6
MIN_COLUMNS = 116  # that no heading is broken
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
    """The same of the presets that wait for a GPU, by "preset part"; their Painters are no graphs."""
    found: dict[str, dict[str, Any]] = {}
    for name, preset in SHAPES.items():
        if preset.tokens is None:
            continue
        path = folder / f"{name}.onnx"
        export_reader(Reader(preset.reader_widths), path, preset.size)
        found[f"{name} reader"] = measure(path, runs)
        painter = TokenPainter(preset.tokens, preset.size).eval()
        gflop, step_ms = step_cost(painter, torch.device("cpu"), runs)
        parameters = sum(weight.numel() for weight in painter.parameters())
        found[f"{name} painter, a step"] = {"gmacs": round(gflop / 2, 2), "parameters": parameters,
                                            "bytes": 2 * parameters, "torch_ms": round(step_ms, 1)}  # fmt: skip
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
        rows.append([frame.rgb, *pictures, np.abs(pictures[0] - pictures[1])])
    figures = {"int8_pixels_changed": round(float(np.mean(changed)), 4), "int8_psnr": round(float(np.mean(psnr)), 2)}
    return figures, rows[:SHEET_ROWS]


def row_names(paths: Sequence[Path]) -> dict[Path, str]:
    """The files' stems; the whole paths where two have the same."""
    stems = {path: path.stem for path in paths}
    return stems if len(set(stems.values())) == len(stems) else {path: str(path) for path in paths}


def _time_in_words(ms: float | None) -> str:
    return "not installed" if ms is None else f"{ms:.2f}"


@click.command(help=__doc__)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--runs", default=50, show_default=True, type=click.IntRange(min=1), help="Of each network.")
@click.option("--exact", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The Reader in fp32.")
@click.option("--worlds", default=24, show_default=True, type=click.IntRange(min=1), help="For --exact.")
@click.option("--untrained", is_flag=True, help="The presets for a GPU too; takes minutes.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="PNG of int8 beside fp32, for --exact.")
def main(files: tuple[Path, ...], runs: int, exact: Path | None, worlds: int, untrained: bool,
         sheet: Path | None) -> None:  # fmt: skip
    cv2.setNumThreads(1)
    console = Console(width=max(MIN_COLUMNS, Console().width))
    paths = files or (WEIGHTS / "reader.onnx", WEIGHTS / "painter.onnx")
    found: dict[str, Any] = {str(path): measure(path, runs) for path in paths}
    table = Table(title=f"exported networks; ms are medians of {runs} runs, on 1 and 2 threads")
    for name in ("network", "GMAC", "parameters", "MB", *(f"{name} {n}, ms"
                                                         for name in RUNTIMES for n in THREADS)):  # fmt: skip
        table.add_column(name, justify="left" if name == "network" else "right")
    named = {name: found[str(path)] for path, name in row_names(paths).items()}
    if untrained:
        with tempfile.TemporaryDirectory() as folder:
            found |= measure_untrained(Path(folder), min(runs, 3))
        named |= {name: row for name, row in found.items() if name not in map(str, paths)}
    for name, row in named.items():
        times = [_time_in_words(row.get(f"{runtime}_{n}_ms")) for runtime in RUNTIMES for n in THREADS]
        if "torch_ms" in row:
            times = [f"torch {row['torch_ms']:.0f}", "", "", ""]
        size = (f"{row['gmacs']:.3f}", f"{row['parameters'] / 1e6:.2f} M", f"{row['bytes'] / 1e6:.2f}")
        table.add_row(name, *size, *times)
    console.print(table)
    if exact is not None:
        figures, rows = compare(WEIGHTS / "reader.onnx" if not files else files[0], exact, worlds)
        found |= figures
        share, psnr = figures["int8_pixels_changed"], figures["int8_psnr"]
        console.print(f"int8 against fp32: {share:.2%} of pixels read otherwise, underpaintings {psnr} dB apart")
        if sheet is not None:
            write_sheet(sheet, ("source", "int8", "fp32", "difference"), rows)
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
