"""How training clips are varied, what an error along the flow is, and what of noise a Painter sees."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.painter import CONDITION, LEVELS, Painter
from engine.train.painter import carried
from engine.train.painter_data import ClipsError, ClipStore, PainterClips, shapes
from tests.engine.tiny import SIZE, fresh_networks

CYCLE = torch.tensor([[1, 2, 0], [0, 2, 1]])


def random_clips(seed: int = 0) -> PainterClips:
    rng = torch.Generator().manual_seed(seed)
    return PainterClips(**{name: torch.rand(shape, generator=rng) for name, shape in shapes(2, 2, SIZE).items()})


def test_exchanged_colours_exchange_the_painted_ones_alike() -> None:
    clips = random_clips()
    painted, recolored = clips.look(1).painted(), clips.recolored(CYCLE).look(1).painted()
    for i, order in enumerate(CYCLE):
        torch.testing.assert_close(recolored[i], painted[i][order])


def test_every_field_with_colours_is_exchanged_and_no_other() -> None:
    clips = random_clips()
    recolored = clips.recolored(CYCLE)
    for name in ("x", "keep", "flow"):
        assert torch.equal(getattr(recolored, name), getattr(clips, name)), name
    for name in ("source", "target"):
        assert torch.equal(getattr(recolored, name)[0], getattr(clips, name)[0][:, CYCLE[0]]), name
    assert torch.equal(recolored.anchor[1], clips.anchor[1][CYCLE[1]])
    assert torch.equal(recolored.surface[:, :, :-6], clips.surface[:, :, :-6])
    shade, shine = recolored.surface[0, :, -6:-3], recolored.surface[0, :, -3:]
    assert torch.equal(shade, clips.surface[0, :, -6:-3][:, CYCLE[0]])
    assert torch.equal(shine, clips.surface[0, :, -3:][:, CYCLE[0]])
    for start in (3, 6, 9):  # sun, ambient, fog
        part = slice(start, start + 3)
        assert torch.equal(recolored.light[0, part], clips.light[0, part][CYCLE[0]])
    assert torch.equal(recolored.light[:, :3], clips.light[:, :3])
    assert torch.equal(recolored.light[:, 12:], clips.light[:, 12:])


def test_exchanging_and_mirroring_can_be_undone() -> None:
    clips = random_clips()
    for again in (clips.recolored(CYCLE).recolored(CYCLE.argsort(dim=1)), clips.mirrored().mirrored()):
        for name, ours, theirs in zip(PainterClips._fields, again, clips, strict=True):
            assert torch.equal(ours, theirs), name


def test_mirrored_motion_goes_the_other_way() -> None:
    clips = random_clips()
    flow = clips.mirrored().flow
    assert torch.equal(flow[:, :, 0], -clips.flow[:, :, 0].flip(-1))
    assert torch.equal(flow[:, :, 1:], clips.flow[:, :, 1:].flip(-1))


def test_a_picture_is_carried_as_opencv_carries_it() -> None:
    rng = np.random.default_rng(1)
    picture = cv2.GaussianBlur(rng.random((*SIZE, 3), np.float32), (0, 0), 2)
    flow = cv2.GaussianBlur(rng.normal(0, 20, (*SIZE, 2)).astype(np.float32), (0, 0), 3)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    expected = cv2.remap(picture, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    ours = carried(*(torch.from_numpy(array.transpose(2, 0, 1))[None] for array in (picture, flow)))
    # OpenCV's places are whole 32nds of a pixel
    np.testing.assert_allclose(ours[0].permute(1, 2, 0).numpy(), expected, atol=0.01)
    assert np.abs(expected - picture).mean() > 0.02


@pytest.fixture(scope="module")
def painter() -> Painter:
    return fresh_networks()[1].eval()


def painted(painter: Painter, pictures: list[torch.Tensor], levels: dict[int, float]) -> torch.Tensor:
    clips = random_clips(2)
    condition = torch.full((2, CONDITION), 0.3)
    for level in LEVELS:
        condition[:, level] = levels.get(level, 0.0)
    with torch.no_grad():
        return painter(*pictures, clips.look(0), condition)  # type: ignore[no-any-return]


@pytest.mark.parametrize("which", range(3))
def test_a_picture_that_is_noise_alone_is_not_seen(painter: Painter, which: int) -> None:
    pictures = [torch.rand(2, 3, *SIZE) for _ in range(3)]
    others = [torch.rand(2, 3, *SIZE) if i == which else picture for i, picture in enumerate(pictures)]
    noise, half = ({LEVELS[which]: level} for level in (1.0, 0.5))
    assert torch.equal(painted(painter, pictures, noise), painted(painter, others, noise))
    assert not torch.equal(painted(painter, pictures, half), painted(painter, others, half))


def test_clips_of_an_earlier_version_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "done").write_text("\n")
    with pytest.raises(ClipsError, match=r"it has no source.*flow"):
        ClipStore(tmp_path, count=1, frames=2, size=SIZE, reader=tmp_path / "reader.onnx")
