"""Networks in safetensors: what is written comes back, and a file that is anything else is refused in words."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.config import SHAPES
from engine.network_file import KEY, Held, NetworkFileError, load_network, new_network, save_network
from engine.token_painter import TokenPainter
from engine.weights_manifest import MANIFEST, note_file

NANO_READER = Held(part="reader", shape="nano", size=(144, 256))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "reader.safetensors"
    save_network(new_network(NANO_READER), path, NANO_READER)
    return path


def changed(saved: Path, path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    kept = {name: tensor for name, tensor in (load_file(saved) | tensors).items() if tensor.numel()}
    save_file(kept, path, metadata=metadata or {KEY: json.dumps(NANO_READER.__dict__)})
    return path


def test_what_is_saved_comes_back_but_for_the_rounding_of_bfloat16(saved: Path) -> None:
    once = load_network(saved, "reader", "nano")
    assert not once.training
    again = saved.with_name("again.safetensors")
    save_network(once, again, NANO_READER)
    assert again.read_bytes() == saved.read_bytes()
    assert not list(saved.parent.glob("*.part"))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_preset_has_networks_of_both_parts(shape) -> None:  # type: ignore[no-untyped-def]
    with torch.device("meta"):
        for part in ("reader", "painter"):
            assert sum(weight.numel() for weight in new_network(
                Held(part=part, shape=shape, size=SHAPES[shape].size)).parameters()) > 100_000  # fmt: skip


def test_a_file_that_is_not_what_was_asked_for_is_refused_in_words(saved: Path, tmp_path: Path) -> None:
    bias = "head.bias"
    whole = saved.read_bytes()
    cut, other = tmp_path / "cut.safetensors", tmp_path / "other.safetensors"
    cut.write_bytes(whole[: len(whole) // 2])
    for path, said in (
        (tmp_path / "none.safetensors", "Train it with tools/train.py"),
        (cut, "not a whole safetensors file"),
        (changed(saved, tmp_path / "a", {bias: torch.zeros(0)}), "1 weights are missing and 0 unknown (head.bias)"),
        (changed(saved, tmp_path / "b", {"extra": torch.zeros(1)}), "0 weights are missing and 1 unknown (extra)"),
        (changed(saved, tmp_path / "c", {bias: torch.zeros(3)}), "head.bias is (3,)"),
        (
            changed(saved, tmp_path / "d", {bias: torch.zeros(48, dtype=torch.int32)}),
            "is (48,) of torch.int32",
        ),
        (changed(saved, tmp_path / "e", {}, {"format": "pt"}), "does not say which network"),
        (changed(saved, tmp_path / "f", {}, {KEY: "[]"}), "does not say which network"),
        (changed(saved, tmp_path / "g", {}, {KEY: '{"part": "reader", "shape": "vast", "size": [1, 1]}'}), "not say"),
    ):
        with pytest.raises(NetworkFileError) as caught:
            load_network(path, "reader", "nano")
        assert said in str(caught.value)
        assert str(path) in str(caught.value)
    with pytest.raises(NetworkFileError, match="it holds the reader of nano"):
        load_network(saved, "painter", "small")
    vast = '{"part": "painter", "shape": "small", "size": [360, 640], "tokens": %s}'
    small = SHAPES["small"].tokens
    assert small is not None
    more = json.dumps(asdict(replace(small, layers=small.layers + 1, heads=12)))
    with pytest.raises(NetworkFileError, match="is not what pruning leaves"):
        load_network(changed(saved, tmp_path / "more", {}, {KEY: vast % more}), "painter", "small")
    huge = changed(saved, other, {}, {KEY: '{"part": "painter", "shape": "small", "size": [72000, 128000]}'})
    with pytest.raises(NetworkFileError, match="it is for pictures of"):
        load_network(huge, "painter", "small")
    for odd in ('{"part": "reader", "shape": "nano", "size": [1e999, 256]}', "[" * 100_000):
        with pytest.raises(NetworkFileError, match="does not say which network"):
            load_network(changed(saved, tmp_path / "odd", {}, {KEY: odd}), "reader", "nano")


def test_a_file_that_the_manifest_beside_it_knows_must_have_its_hash(saved: Path, tmp_path: Path) -> None:
    path, manifest = tmp_path / saved.name, tmp_path / MANIFEST
    path.write_bytes(saved.read_bytes())
    manifest.write_text("{}")
    load_network(path, "reader", "nano")  # it may be any: the manifest does not know it
    note_file(path)
    load_network(path, "reader", "nano")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(NetworkFileError, match=r"its SHA-256 is .*: it was changed"):
        load_network(path, "reader", "nano")
    save_network(new_network(NANO_READER), path, NANO_READER)  # says so in the manifest
    load_network(path, "reader", "nano")
    manifest.write_text('{"reader.safetensors": {"sha256": "x"}}')
    with pytest.raises(NetworkFileError, match=r"what it says of reader\.safetensors is not whole"):
        load_network(path, "reader", "nano")


def test_a_pruned_painter_comes_back_in_its_own_shape(tmp_path: Path) -> None:
    whole = SHAPES["small"].tokens
    assert whole is not None
    tokens = replace(whole, layers=1, heads=2, hidden=128)
    held, path = Held(part="painter", shape="small", size=(360, 640), tokens=tokens), tmp_path / "painter.safetensors"
    save_network(new_network(held), path, held)
    again = load_network(path, "painter", "small")
    assert isinstance(again, TokenPainter)
    assert again.shape == tokens
