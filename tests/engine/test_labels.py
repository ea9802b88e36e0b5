"""Hand labels of real frames: the files are whole; a perfect reading agrees with them, a shuffled one by chance."""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
import pytest

from engine.config import LITE, MATERIALS, NANO
from engine.live import LiveEngine
from engine.train.labels import (
    COLUMNS,
    LETTERS,
    NAMES,
    RIGHT,
    ROWS,
    UNSCORED,
    Agreement,
    LabelledFrame,
    at_middles,
    parse_labels,
    wrong_cells,
)
from reskin.frame import Frame
from reskin.video import VideoReader, VideoWriter
from tools import real_reading
from tools.real_reading import clip_of, label_files, labelled_pictures, read_real_frames

each_file = pytest.mark.parametrize("path", label_files(), ids=lambda path: path.stem)
ROW = "s" * COLUMNS


def frames_of(path: Path) -> list[LabelledFrame]:
    return parse_labels(path.read_text(encoding="utf-8"))


def all_frames() -> list[LabelledFrame]:
    return [frame for path in label_files() for frame in frames_of(path)]


def as_labelled(frame: LabelledFrame) -> np.ndarray:
    """(9, 16) materials that agree with every label; sky where there is none."""
    return np.array([[MATERIALS.index(LETTERS.get(x, MATERIALS)[0]) for x in row] for row in frame.cells])


def expected_by_chance(counts: np.ndarray) -> float:
    """Share right when the same materials are seen in cells that have nothing to do with them; counts (letters, k)."""
    letters, seen = counts.sum(axis=1) / counts.sum(), counts.sum(axis=0) / counts.sum()
    return float(letters @ RIGHT @ seen)


def test_two_clips_are_labelled() -> None:
    assert [path.stem for path in label_files()] == ["extremetuxracer", "supertux"]


@each_file
def test_a_label_file_is_whole_and_small(path: Path) -> None:
    frames = frames_of(path)
    assert len(frames) >= 7
    assert path.stat().st_size < 8_000
    for frame in frames:
        assert len(frame.cells) == ROWS
        assert all(len(row) == COLUMNS and set(row) <= {*LETTERS, UNSCORED} for row in frame.cells)
    unscored = sum(row.count(UNSCORED) for frame in frames for row in frame.cells)
    assert unscored < 0.2 * len(frames) * ROWS * COLUMNS


@each_file
def test_every_letter_is_explained_at_the_head_of_the_file(path: Path) -> None:
    head = [line.lstrip("# ") for line in path.read_text(encoding="utf-8").split("\nframe ")[0].splitlines()]
    for letter, name in zip(LETTERS, NAMES, strict=True):
        assert any(line.startswith(f"{letter} {name}") for line in head)


@each_file
def test_the_labelled_frames_are_in_the_clip(path: Path) -> None:
    clip = clip_of(path, real_reading.FOOTAGE)
    if not clip.exists():
        pytest.skip(f"no {clip}")
    assert [frame.index for frame, _ in labelled_pictures(path, clip.parent)] == [f.index for f in frames_of(path)]
    with VideoReader(clip) as reader:
        assert reader.size_px[0] * ROWS == reader.size_px[1] * COLUMNS


@pytest.mark.parametrize(
    "text",
    [
        "",
        ROW,
        "frame 0\n" + "\n".join([ROW] * 8),
        "frame 0\n" + "\n".join([ROW] * 10),
        "frame 0\n" + "\n".join([ROW] * 8 + ["z" * COLUMNS]),
        "frame 0\n" + "\n".join([ROW] * 8 + [ROW[1:]]),
        "frame one\n" + "\n".join([ROW] * 9),
        ("frame 4\n" + "\n".join([ROW] * 9) + "\n") * 2,
        "frame 0\n" + "\n".join([ROW] * 9) + "\nframe 1",
    ],
    ids=["empty", "no frame", "8 rows", "10 rows", "unknown letter", "15 letters", "no index", "twice", "no rows"],
)
def test_what_is_no_label_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        parse_labels(text)


def test_a_perfect_reading_scores_one() -> None:
    agreement = Agreement()
    for frame in all_frames():
        seen = as_labelled(frame)
        agreement.add(frame.cells, seen)
        assert not wrong_cells(frame.cells, seen).any()
    assert agreement.share == agreement.material_mean == 1
    assert set(agreement.share_by_name().values()) == {1.0}
    scored = sum(letter != UNSCORED for frame in all_frames() for row in frame.cells for letter in row)
    assert agreement.counts.sum() == scored


def test_a_shuffled_reading_scores_what_chance_gives(rng: np.random.Generator) -> None:
    frames = all_frames()
    agreement = Agreement()
    for _ in range(5):
        shuffled = rng.permutation(np.concatenate([as_labelled(frame).ravel() for frame in frames]))
        for frame, seen in zip(frames, shuffled.reshape(-1, ROWS, COLUMNS), strict=True):
            agreement.add(frame.cells, seen)
    assert agreement.share == pytest.approx(expected_by_chance(agreement.counts), abs=0.02)
    assert agreement.share < 0.4


def test_both_names_of_a_wall_are_right_and_no_other() -> None:
    cells = ("x" * COLUMNS,) * ROWS
    for material, name in enumerate(MATERIALS):
        wrong = wrong_cells(cells, np.full((ROWS, COLUMNS), material))
        assert not wrong.any() if name in ("rock", "structure") else wrong.all()


def test_the_mean_of_the_middle_decides_for_a_cell() -> None:
    h, w = NANO.size
    materials = np.zeros((h, w, len(MATERIALS)), np.float32)
    materials[..., 1] = 1
    for row, column in np.ndindex(ROWS, COLUMNS):
        y, x = 16 * row + 8, 16 * column + 8
        materials[y - 1 : y + 2, x - 1 : x + 2, 2 + (row + column) % 9] = 1.5
        materials[y, x] = 0
        materials[y, x, 0] = 3  # alone it does not outvote its eight neighbours
    assert (at_middles(materials) == np.add.outer(np.arange(ROWS), np.arange(COLUMNS)) % 9 + 2).all()


def test_without_footage_the_figure_is_null_with_a_note(tmp_path: Path) -> None:
    summary = read_real_frames(LiveEngine(LITE), tmp_path).summary()
    assert summary["reading_real"] is None
    assert "supertux.mp4" in str(summary["reading_real_note"])


@pytest.fixture
def two_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a clip of two frames, light above dark, and labels that call the first all sky."""
    monkeypatch.setattr(real_reading, "LABELS", tmp_path)
    rows = "\n".join([ROW] * ROWS)
    (tmp_path / "sky.txt").write_text(f"frame 0\n{rows}\n", encoding="utf-8")
    bgra_u8 = np.full((144, 256, 4), 230, np.uint8)
    bgra_u8[72:, :, :3] = 60
    with VideoWriter(tmp_path / "sky.mp4", (256, 144), 24) as writer:
        for index in range(2):
            writer.write(Frame(index, index * 40_000_000, bgra_u8))
    return tmp_path


def test_a_clip_is_read_scored_and_shown(two_frames: Path) -> None:
    reading = read_real_frames(LiveEngine(LITE), two_frames, two_frames)
    assert reading.all.counts.sum() == ROWS * COLUMNS
    assert reading.summary()["reading_real_by_clip"] == {"sky": round(reading.all.share, 3)}
    assert cv2.imread(str(two_frames / "real_reading_sky_0.png")).shape == (360, 1280, 3)


def test_a_frame_that_the_clip_lacks_is_named(two_frames: Path) -> None:
    labels = two_frames / "sky.txt"
    labels.write_text(labels.read_text(encoding="utf-8").replace("frame 0", "frame 7"), encoding="utf-8")
    with pytest.raises(click.ClickException, match=r"frames \[7\]"):
        list(labelled_pictures(labels, two_frames))
