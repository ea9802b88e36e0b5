"""Exports trained networks to ONNX for the app, and checks them against torch. Needs the train extra.

The Reader's graph takes 2x2 blocks and gives votes, as `engine.votes` cuts and lays them out; the Painter's takes and
gives 4x4 patches, as `engine.painter_state` does.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from engine.config import PATCH
from engine.live import open_session, ports_of, read_frame
from engine.painter import CONDITION, PATCH_CHANNELS, Painter
from engine.reader import Reader
from engine.votes import cut_blocks
from engine.weights_manifest import MANIFEST, note_file

OPSET = 20


class ReaderGraph(nn.Module):
    """The Reader from blocks to raw votes; `engine.votes` cuts the one and lays out the other (3 ms less a reading)."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader.eval()

    def forward(self, blocks: Tensor) -> tuple[Tensor, Tensor]:
        fine, coarse = self.reader.block_votes(blocks[None])
        return fine.squeeze(0), coarse.squeeze(0)


class PainterGraph(nn.Module):
    """The Painter between patches; `engine.painter_state` cuts and lays them (as graph operators that takes 6 ms)."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.painter = painter.eval()

    def forward(self, patches: Tensor, condition: Tensor) -> Tensor:
        return self.painter.patch_outputs(patches[None], condition[None]).squeeze(0)


def export_painter(painter: Painter, path: Path, size: tuple[int, int]) -> float:
    """Writes the graph with weights inside; returns the worst difference of an output to torch."""
    sample = (torch.randn(PATCH_CHANNELS, size[0] // PATCH, size[1] // PATCH), torch.rand(CONDITION))
    graph = PainterGraph(painter)
    export_graph(graph, sample, path, ["patches", "condition"], ["outputs"])
    return parity(graph, sample, path)


def export_reader(reader: Reader, path: Path, size: tuple[int, int]) -> float:
    """Writes the graph with weights inside; returns the worst difference of a vote to torch."""
    sample = torch.rand(12, size[0] // 2, size[1] // 2) * 2 - 1
    graph = ReaderGraph(reader)
    export_graph(graph, (sample,), path, ["blocks"], ["votes", "block_votes"])
    return parity(graph, (sample,), path)


class _Frames(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, frames: list[np.ndarray]) -> None:
        self._frames = iter(frames)

    def get_next(self) -> dict[str, np.ndarray] | None:
        frame = next(self._frames, None)
        return None if frame is None else {"blocks": cut_blocks(frame)}


def quantize_reader(path: Path, frames: list[np.ndarray]) -> float:
    """Turns the exported Reader's convolutions into int8 in place; returns the share of pixels it sees otherwise.

    Weights keep to 7 bits (`reduce_range`): without VNNI the 8-bit product of AVX2 saturates, an error of 23 %.
    """
    exact = open_session(path, 1)
    with tempfile.TemporaryDirectory() as folder:
        prepared, small = Path(folder) / "prepared.onnx", Path(folder) / "small.onnx"
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared, small, _Frames(frames), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, op_types_to_quantize=["Conv"],
        )  # fmt: skip
        path.write_bytes(small.read_bytes())
    ours = open_session(path, 1)
    changed = [(read_frame(ours, rgb)[0].argmax(2) != read_frame(exact, rgb)[0].argmax(2)).mean() for rgb in frames]
    return float(np.mean(changed))


def store_small(path: Path) -> float:
    """Stores the weights of an exported graph's layers as int8 in place, with a scale for each output channel.

    The graph dequantises them in each run, so all is computed in fp32 as before: a third of the bytes, but 2.3 ms where
    nano's Painter took 1.6. Pictures of the variants that are stored so differ by 60 dB or more, their fidelity by
    0.001 dB. Returns how far the outputs for random inputs moved: the root mean square over the outputs' own.
    """
    exact = path.read_bytes()
    model = onnx.load_from_string(exact)
    weights = {weight.name: weight for weight in model.graph.initializer if weight.data_type == onnx.TensorProto.FLOAT}
    used = {name: None for node in model.graph.node if _rows_are_outputs(node) for name in node.input[1:2]}
    for name in (name for name in used if name in weights):
        values = onnx.numpy_helper.to_array(weights[name])
        scale = np.abs(values).reshape(len(values), -1).max(axis=1) / 127
        scale[scale == 0] = 1  # a channel of zeros
        steps = np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
        ports = [f"{name}_int8", f"{name}_scale"]
        model.graph.initializer.remove(weights[name])
        model.graph.initializer.extend(map(onnx.numpy_helper.from_array, (steps, scale), ports))
        model.graph.node.insert(0, onnx.helper.make_node("DequantizeLinear", ports, [name], axis=0))
    onnx.checker.check_model(model)
    onnx.save_model(model, path)
    before, after = (_random_outputs(content) for content in (exact, path.read_bytes()))
    return float(np.sqrt(np.square(after - before).mean() / np.square(before).mean()))


def _rows_are_outputs(node: onnx.NodeProto) -> bool:
    """Whether the first axis of the node's weights counts output channels, as torch lays them out."""
    return node.op_type == "Conv" or (
        node.op_type == "Gemm" and any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    )


def _random_outputs(content: bytes) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    inputs = {port.name: rng.random(port.shape, np.float32) for port in session.get_inputs()}
    return np.concatenate([np.ravel(values) for values in session.run(None, inputs)])


def export_graph(graph: nn.Module, inputs: tuple[Tensor, ...], path: Path, input_names: list[str],
                 output_names: list[str]) -> None:  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        program = torch.onnx.export(graph, inputs, dynamo=True, opset_version=OPSET, input_names=input_names,
                                    output_names=output_names, verbose=False)  # fmt: skip
    assert program is not None
    model = program.model_proto
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(model, path)


def parity(graph: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> float:
    """The worst absolute difference between torch and the exported file over all outputs; NaN where one has any."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    got = session.run(None, {name: value.numpy() for name, value in zip(names, inputs, strict=True)})
    with torch.no_grad():
        expected = graph(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    worst = [np.abs(ours - theirs.numpy()).max() for ours, theirs in zip(got, expected, strict=True)]
    return float(np.max(worst))  # NaN where one is: Python's own max would leave it out


def update_manifest(path: Path) -> None:
    """Brings the manifest that lies beside an exported file up to date with it; does nothing where none lies there."""
    if not (path.parent / MANIFEST).exists():
        return
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    ports = ports_of(session)
    note_file(path, inputs=ports.inputs, outputs=ports.outputs)
