"""Weights that are not ours, not whole, or that open other files: refused with a reason before use."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engine.live import WEIGHTS, LiveEngine, open_session, ports_of
from engine.network_file import NetworkFileError, load_network
from engine.onnx_file import OnnxFileError, check_model, read_onnx
from engine.safetensors_file import MAX_HEADER, SafetensorsFileError, Stored, read_header
from engine.weights_manifest import MANIFEST
from reskin.engine_renderer import create
from reskin.errors import EngineError

OUTPUT = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])


def weight(name: str = "w", *, outside: bool = False) -> TensorProto:
    tensor = helper.make_tensor(name, TensorProto.FLOAT, [2], np.ones(2, np.float32).tobytes(), raw=True)
    if outside:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def graph(nodes: list[onnx.NodeProto], weights: list[TensorProto] | None = None, **others: object) -> onnx.GraphProto:
    return helper.make_graph(nodes, "g", [], [OUTPUT], initializer=weights or [], **others)  # type: ignore[arg-type]


def model(inside: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(inside, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def constant(**attributes: object) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["y"], **attributes)  # type: ignore[arg-type]


def sparse() -> onnx.SparseTensorProto:
    found = onnx.SparseTensorProto(dims=[2])
    found.values.CopyFrom(weight("s", outside=True))
    return found


def in_function() -> onnx.ModelProto:
    body = [helper.make_node("Constant", [], ["z"], value=weight("w", outside=True))]
    function = helper.make_function("own", "F", [], ["z"], body, [helper.make_opsetid("", 20)])
    whole = model(graph([helper.make_node("F", [], ["y"], domain="own")]))
    whole.functions.append(function)
    return whole


def in_training() -> onnx.ModelProto:
    whole = model(graph([constant(value=weight())]))
    whole.training_info.add().algorithm.CopyFrom(graph([], [weight(outside=True)]))
    return whole


def in_branch() -> onnx.ModelProto:
    branch = graph([helper.make_node("Identity", ["w"], ["y"])], [weight(outside=True)])
    return model(graph([helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)]))


def with_location_alone() -> onnx.ModelProto:
    tensor = weight()
    tensor.data_location = TensorProto.EXTERNAL
    return model(graph([], [tensor]))


def with_key_alone() -> onnx.ModelProto:
    tensor = weight()
    tensor.external_data.add(key="location", value="x")
    return model(graph([], [tensor]))


OUTSIDE: dict[str, Callable[[], onnx.ModelProto]] = {
    "initializer": lambda: model(graph([], [weight(), weight("v", outside=True)])),
    "sparse initializer": lambda: model(graph([], sparse_initializer=[sparse()])),
    "attribute": lambda: model(graph([constant(value=weight(outside=True))])),
    "list of an attribute": lambda: model(graph([constant(values=[weight(), weight(outside=True)])])),
    "sparse attribute": lambda: model(graph([constant(sparse_value=sparse())])),
    "subgraph": in_branch,
    "function": in_function,
    "training": in_training,
    "location alone": with_location_alone,
    "key alone": with_key_alone,
}


@pytest.mark.parametrize("make", OUTSIDE.values(), ids=OUTSIDE)
def test_weights_outside_the_file_are_refused_wherever_they_are_named(
    make: Callable[[], onnx.ModelProto], tmp_path: Path
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(make().SerializeToString())
    with pytest.raises(OnnxFileError, match="names another file to load its weights from"):
        open_session(path, 1)


def test_a_model_with_its_weights_inside_runs(tmp_path: Path) -> None:
    path = tmp_path / "good.onnx"
    path.write_bytes(model(graph([constant(value=weight())])).SerializeToString())
    np.testing.assert_array_equal(open_session(path, 1).run(None, {})[0], [1, 1])


def nested(levels: int) -> bytes:
    """Graphs in attributes of nodes in graphs, by hand: protobuf itself refuses to write so many."""
    inner = b""
    for _ in range(levels):
        for field in (6, 5, 1):  # graph of an attribute, attribute of a node, node of a graph
            inner = bytes([field << 3 | 2]) + varint(len(inner)) + inner
    return bytes([7 << 3 | 2]) + varint(len(inner)) + inner


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


NOT_MODELS = {
    "empty": (b"", "it is empty"),
    "text": (b"hello there, this is no model", "byte"),
    "two graphs": (b"\x3a\x00\x3a\x00", "it holds 2 graphs"),
    "no graph": (b"\x08\x07", "it holds 0 graphs"),
    "length outside": (b"\x3a\x7f\x00", "ends outside"),
    "endless number": (b"\x08" + b"\xff" * 12, "a number without an end"),
    "group": (b"\x3b", "wire type 3"),
    "number for a graph": (b"\x38\x01", "is no message"),
    "field 0": (b"\x02\x00", "field 0"),
    "huge length": (b"\x3a" + b"\xff" * 9 + b"\x01", "ends outside"),
    "deep": (nested(40), "deep in each other"),
}


@pytest.mark.parametrize(("content", "message"), NOT_MODELS.values(), ids=NOT_MODELS)
def test_what_is_no_whole_model_is_told(content: bytes, message: str) -> None:
    with pytest.raises(OnnxFileError, match=message):
        check_model(content, "x.onnx")


@pytest.mark.parametrize("name", ["reader.onnx", "painter.onnx"])
def test_what_ships_is_what_the_manifest_says(name: str) -> None:
    known = json.loads((WEIGHTS / MANIFEST).read_text(encoding="utf-8"))[name]
    content = read_onnx(WEIGHTS / name)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (known["bytes"], known["sha256"])
    found = ports_of(open_session(WEIGHTS / name, 1))
    assert {key: [kind, list(shape)] for key, (kind, shape) in found.inputs.items()} == known["inputs"]


def shipped_copy(folder: Path) -> Path:
    for name in ("reader.onnx", "painter.onnx", MANIFEST):
        (folder / name).write_bytes((WEIGHTS / name).read_bytes())
    return folder / "painter.onnx"


def test_a_shipped_file_that_was_changed_cut_or_exchanged_is_refused_before_the_runtime_sees_it(tmp_path: Path) -> None:
    path = shipped_copy(tmp_path)
    whole = path.read_bytes()
    assert open_session(path, 1)
    for content, message in (
        (whole[:-1] + bytes([whole[-1] ^ 1]), "its SHA-256 is .* it was changed"),
        (whole[:1000], "1000 bytes, expected 654160: it is not whole"),
        ((WEIGHTS / "reader.onnx").read_bytes(), "it is not whole"),
    ):
        path.write_bytes(content)
        with pytest.raises(OnnxFileError, match=message):
            open_session(path, 1)


def test_a_model_with_other_ports_than_the_manifest_says_is_refused(tmp_path: Path) -> None:
    path = shipped_copy(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    manifest["painter.onnx"]["inputs"]["patches"][1][0] = 1
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(OnnxFileError, match=r"it takes .* expected"):
        open_session(path, 1)
    for broken in ("[]", "{", '{"painter.onnx": {}}', '{"painter.onnx": 3}'):
        (tmp_path / MANIFEST).write_text(broken)
        with pytest.raises(OnnxFileError, match=r"manifest\.json"):
            open_session(path, 1)


def test_the_engine_tells_a_damaged_file_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = shipped_copy(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    monkeypatch.setattr(
        "engine.live.LiveEngine.__init__.__kwdefaults__",
        {**(LiveEngine.__init__.__kwdefaults__ or {}), "weights": tmp_path},
    )
    with pytest.raises(EngineError, match=r"its weights could not be loaded .*it is not whole"):
        create("nano")


def tensors(entries: object, data: bytes = b"\0" * 8, *, length: int | None = None) -> bytes:
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


HOSTILE = {
    "empty": (b"", "its header would have 0 bytes"),
    "short": (b"\1\0\0", "in a file of 3"),
    "longer than the file": (tensors({}, length=10_000), "its header would have 10000 bytes"),
    "2^63": (tensors({}, length=2**63), "its header would have"),
    "past the limit": (tensors({}, b"", length=MAX_HEADER + 1), "its header would have"),
    "no JSON": (tensors(b"{no}"), "is no JSON"),
    "not UTF-8": (tensors(b'{"\xff": 1}'), "is no JSON"),
    "deep": (tensors(b"[" * 100_000), "is no JSON"),
    "nan": (tensors(b'{"a": NaN}'), "is no JSON"),
    "twice": (tensors(b'{"a": 1, "a": 1}'), "a name stands in it twice"),
    "a list": (tensors([1]), "no table of tensors"),
    "no entry": (tensors({"a": 3}), "expected dtype, shape and data_offsets"),
    "another key": (tensors({"a": entry() | {"pickle": "x"}}), "expected dtype, shape and data_offsets"),
    "type": (tensors({"a": entry("OBJECT")}), "got the type 'OBJECT'"),
    "type of a type": (tensors({"a": entry(["F32"])}), "got the type"),
    "negative": (tensors({"a": entry(shape=[-2])}), "got the shape"),
    "true": (tensors({"a": entry(shape=[True, 2])}), "got the shape"),
    "fraction": (tensors({"a": entry(shape=[2.0])}), "got the shape"),
    "axes": (tensors({"a": entry(shape=[1] * 9)}), "got the shape"),
    "overflow": (tensors({"a": entry(shape=[2**40, 2**40])}), "8 bytes, expected"),
    "three offsets": (tensors({"a": entry(offsets=[0, 4, 8])}), "got the offsets"),
    "backwards": (tensors({"a": entry(offsets=[8, 0])}), "-8 bytes, expected 8"),
    "too small": (tensors({"a": entry(offsets=[0, 4])}), "4 bytes, expected 8"),
    "outside": (tensors({"a": entry(offsets=[8, 16])}), "leaves a gap before it"),
    "overlap": (tensors({"a": entry(), "b": entry()}), "overlaps the one before"),
    "gap": (tensors({"a": entry(), "b": entry(offsets=[12, 20])}, b"\0" * 20), "leaves a gap"),
    "rest": (tensors({"a": entry()}, b"\0" * 9), "end at byte 8 of 9"),
    "cut": (tensors({"a": entry()}, b"\0" * 7), "end at byte 8 of 7"),
    "metadata": (tensors({"__metadata__": {"a": 1}, "a": entry()}), "expected a table of texts"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_header_that_lies_is_told_with_the_tensor_and_what_is_wrong(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(SafetensorsFileError, match=message.replace("^", r"\^")):
        read_header(path)
    with pytest.raises(NetworkFileError, match="not a whole safetensors file"):
        load_network(path, "reader", "nano")


def test_an_honest_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "good.safetensors"
    both = {
        "__metadata__": {"k": "v"},
        "b": entry(offsets=[8, 16]),
        "a": entry("I64", (), (0, 8)),
        "c": entry("F16", (0, 3), (16, 16)),
    }
    path.write_bytes(tensors(both, b"\0" * 16))
    found, metadata = read_header(path)
    assert found == {"b": Stored("F32", (2,)), "a": Stored("I64", ()), "c": Stored("F16", (0, 3))}
    assert metadata == {"k": "v"}
