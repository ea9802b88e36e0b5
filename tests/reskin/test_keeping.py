"""What stays of a HUD and of text: found where it stands still, kept calmly, and without the game's background."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest

from reskin.keep_blend import Kept, blend_kept
from reskin.keep_mask import KeepMask, _gray
from reskin.still_edges import CELL_PX, StillEdges, per_cell
from reskin.text_finder import find_lines
from reskin.theme_model import Keep

SIZE = (240, 400)
TEXT_BOX = (20, 60, 30, 170)  # top, bottom, left, right of the letters
BAR_BOX = (150, 170, 250, 370)


def letters(size: tuple[int, int] = SIZE, text: str = "SCORE 1240", scale: float = 0.9) -> np.ndarray:
    """(h, w) uint8 coverage, the text where `TEXT_BOX` is."""
    ink = np.zeros(size, np.uint8)
    cv2.putText(ink, text, (32, 48), cv2.FONT_HERSHEY_DUPLEX, scale, 255, 2, cv2.LINE_AA)
    return ink


def playing(frames: int, *, step_px: int = 4, fade: float = 0.0) -> Iterator[np.ndarray]:
    """(h, w, 4) BGRA: a world of blotches that scrolls, white text and a red bar with a dark frame over it."""
    h, w = SIZE
    rough = np.random.default_rng(3).integers(30, 190, (h // 8, w // 8 + step_px * frames // 8 + 1, 3)).astype(np.uint8)
    world = cv2.resize(rough, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    ink = letters()[..., None].astype(np.float32) / 255
    for i in range(frames):
        view = world[:, step_px * i : step_px * i + w] * (1 - fade * i / frames)
        view = view + ink * (245 * (1 - fade * i / frames) - view)
        top, bottom, left, right = BAR_BOX
        cv2.rectangle(view, (left, top), (right, bottom), (15, 15, 15), 3)
        cv2.rectangle(view, (left + 3, top + 3), (right - 60, bottom - 3), (40, 30, 220), -1)
        yield np.dstack([view.astype(np.uint8), np.full((h, w), 255, np.uint8)])


def grays(frames: int, **how: float) -> Iterator[np.ndarray]:
    return (cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2GRAY) for bgra_u8 in playing(frames, **how))  # type: ignore[arg-type]


def cells(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    top, bottom, left, right = (side // CELL_PX for side in box)
    return slice(top, bottom), slice(left, right)


NO_HUD_READ = np.zeros((72, 128), np.float32)
MIDDLE = cells((96, 120, 0, 400))  # of the picture, where there is nothing but the world


def kept_after(frames: int, keep: Keep, read_hud: np.ndarray = NO_HUD_READ) -> list[Kept]:
    mask = KeepMask()
    found = [mask.update(bgra_u8, lambda: read_hud, keep) for bgra_u8 in playing(frames)]
    assert all(kept is not None for kept in found)
    return [kept for kept in found if kept is not None]


def test_letters_that_stand_still_over_a_moving_world_are_lasting_and_the_world_is_not() -> None:
    edges = StillEdges()
    for gray in grays(16):
        edges.watch(gray)
    assert edges.share[cells(TEXT_BOX)].mean() > 0.2
    assert edges.share[MIDDLE].max() < 0.02
    assert edges.shapes[letters() > 200].mean() > 240


@pytest.mark.parametrize("fade", [0.0, 0.8])
def test_nothing_is_learnt_from_a_picture_that_stands_still_or_fades(fade: float) -> None:
    edges = StillEdges()
    for gray in grays(16, step_px=0, fade=fade):
        edges.watch(gray)
    assert edges.moving_looks == 0
    assert edges.share.max() == 0.0


@pytest.mark.parametrize("scale", [0.4, 0.6, 0.9, 1.4])
def test_lines_of_text_are_found_at_any_size_light_or_dark(scale: float) -> None:
    ink = letters(text="Find the mill", scale=scale)
    rows, columns = np.flatnonzero(ink.max(axis=1) > 96), np.flatnonzero(ink.max(axis=0) > 96)
    for light, gray in ((1, 90 + ink // 2), (0, 200 - ink // 2)):
        lines = [line for line in find_lines(gray.astype(np.uint8)) if line[4] == light]
        covered = np.zeros_like(ink, bool)
        for x, y, w, h, _ in lines:
            covered[y : y + h, x : x + w] = True
        assert covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.6
        assert not covered[100:].any()


@pytest.mark.parametrize(("size", "band_px"), [((247, 399), 8), ((1080, 1920), 16), (SIZE, 8)])
def test_cells_lie_where_they_are_spread_also_in_a_frame_that_they_do_not_fill(
    size: tuple[int, int], band_px: int
) -> None:
    """At the lower right, where HUDs are and every cell before has added its part of the remainder."""
    frame = np.zeros((*size, 4), np.uint8)
    frame[size[0] - 5 * band_px : size[0] - 4 * band_px, size[1] - 3 * band_px : size[1] - 2 * band_px] = 255
    share = per_cell(_gray(frame))
    for axis, wanted in ((0, size[0] - 4.5 * band_px), (1, size[1] - 2.5 * band_px)):
        line = share.sum(axis=1 - axis)
        middle = (line * (np.arange(len(line)) + 0.5)).sum() / line.sum()
        assert abs(middle * size[axis] / len(line) - wanted) < 1.5


def test_noise_and_bricks_are_no_text() -> None:
    noise = np.random.default_rng(0).integers(0, 255, SIZE).astype(np.uint8)
    bricks = np.full(SIZE, 120, np.uint8)
    bricks[::12] = 60
    for row in range(0, SIZE[0], 12):
        bricks[row : row + 12, (row % 24) :: 24] = 60
    for texture in (noise, bricks):
        lines = find_lines(texture)
        assert (lines[:, 2] * lines[:, 3]).sum() < 0.05 * texture.size


def test_a_hud_is_kept_without_the_reader_and_hardly_any_of_its_mask_changes() -> None:
    found = kept_after(56, Keep())
    assert found[-1].hud[cells(TEXT_BOX)].min() == 1.0
    assert found[-1].hud[cells(BAR_BOX)].mean() > 0.8  # the frame ends before the box does
    assert found[-1].hud[MIDDLE].max() == 0.0
    changed = []
    for before, after in pairwise(found[36:]):
        for ours, theirs in ((before.hud, after.hud), (before.text, after.text)):
            changed.append((np.abs(ours - theirs) > 0.03).sum() / (np.maximum(ours, theirs) > 0.03).sum())
        seen = np.maximum(before.shapes, after.shapes) > 8
        changed.append((cv2.absdiff(before.shapes, after.shapes)[seen] > 8).mean())
    assert np.mean(changed) <= 0.01
    assert np.max(changed) <= 0.1  # what four frames have brought comes in one


def test_keep_hud_and_keep_text_are_separate_wishes() -> None:
    read = np.zeros((240, 400), np.float32)
    read[slice(*BAR_BOX[:2]), slice(*BAR_BOX[2:])] = 1.0
    text_alone = kept_after(48, Keep(hud=False, text=True), read)[-1]
    assert text_alone.hud[cells(TEXT_BOX)].mean() > 0.9
    hud_alone = kept_after(48, Keep(hud=True, text=False), read)[-1]
    assert hud_alone.hud[cells(BAR_BOX)].mean() > 0.8
    assert text_alone.hud[cells(BAR_BOX)].mean() < hud_alone.hud[cells(BAR_BOX)].mean() - 0.2
    assert KeepMask().update(next(playing(1)), lambda: read, Keep(hud=False, text=False)) is None


def test_text_is_kept_in_the_very_first_frame_where_the_reader_sees_some_hud() -> None:
    frame = np.full((*SIZE, 4), 90, np.uint8)
    frame[letters() > 128] = 240
    for belief, kept in ((0.4, True), (0.0, False)):
        found = KeepMask().update(frame, lambda belief=belief: np.full((72, 128), belief, np.float32), Keep(hud=False))
        assert found is not None
        assert bool(found.text[cells(TEXT_BOX)].max() == 1.0) is kept


def test_a_wish_for_text_that_comes_later_is_heard_before_anything_has_moved() -> None:
    mask, frame = KeepMask(), next(playing(1, step_px=0))
    for wish in (Keep(text=False), Keep()):
        for _ in range(8):
            kept = mask.update(frame, lambda: NO_HUD_READ, wish)
    assert kept is not None
    assert kept.text.max() == 0.0


def test_letters_of_a_menu_over_a_frozen_picture_are_kept_until_the_world_moves_on() -> None:
    box = (192, 224, 24, 300)
    mask, world = KeepMask(), list(playing(64))
    menu = world[39].copy()
    cv2.putText(menu, "Resume game", (32, 216), cv2.FONT_HERSHEY_DUPLEX, 0.9, (250, 250, 250, 255), 2, cv2.LINE_AA)
    found = [
        mask.update(bgra_u8, lambda: np.full((72, 128), 0.4, np.float32), Keep())
        for bgra_u8 in (*world[:40], *[menu] * 60, *world[40:])
    ]
    before, resting, after = (found[at].text[cells(box)] for at in (39, 99, -1))  # type: ignore[union-attr]
    assert before.max() == 0.0
    assert resting[:, 2:20].mean() > 0.8
    assert after.max() == 0.0
    for at in (39, 99, -1):
        assert found[at].text[cells(TEXT_BOX)].mean() > 0.9  # type: ignore[union-attr]
    lit = menu[slice(*box[:2]), slice(*box[2:]), :3].min(axis=2) > 245
    assert found[99].shapes[slice(*box[:2]), slice(*box[2:])][lit].mean() > 200  # type: ignore[union-attr]


def test_the_stage_of_a_fixed_camera_is_no_hud_however_much_happens_on_it() -> None:
    h, w = SIZE
    draw = np.random.default_rng(5)
    stage = np.kron(draw.integers(40, 200, (h // 8, w // 8), np.uint8), np.ones((8, 8), np.uint8))
    mask = KeepMask()
    for i in range(56):
        gray = stage.copy()
        if i % 8 == 0 and 0 < i <= 40:  # on every second look something bursts
            gray[h // 2 :, w // 2 :] = draw.integers(0, 255, (h // 2, w // 2), np.uint8)
        bgra_u8 = np.dstack([gray, gray, gray, np.full(SIZE, 255, np.uint8)])
        found = mask.update(bgra_u8, lambda: NO_HUD_READ, Keep(text=False))
    assert mask._edges.moving_looks >= 4  # else nothing would be learnt, and nothing tested
    assert found is not None
    assert found.hud.mean() < 0.2


def test_small_print_keeps_its_grounds_brightness_to_either_side() -> None:
    game = np.full((48, 64, 4), 100, np.uint8)
    for level in (225, 25):
        painted = np.full((48, 64, 4), level, np.uint8)
        np.testing.assert_allclose(blended(game, painted, text=1.0, side=0.0, hud=0.0)[24, 32, :3], 100, atol=1)


def test_another_size_and_a_window_too_small_for_a_hud_start_anew() -> None:
    mask = KeepMask()
    for bgra_u8 in playing(20):
        mask.update(bgra_u8, lambda: NO_HUD_READ, Keep())
    assert mask.update(np.zeros((40, 60, 4), np.uint8), lambda: NO_HUD_READ, Keep()) is None
    kept = mask.update(np.zeros((200, 300, 4), np.uint8), lambda: NO_HUD_READ, Keep())
    assert kept is not None
    assert kept.hud.max() == 0.0
    large = mask.update(np.zeros((1080, 1920, 4), np.uint8), lambda: NO_HUD_READ, Keep())
    assert large is not None
    assert large.shapes.shape == (1080, 1920)


def blended(game: np.ndarray, painted: np.ndarray, **maps: np.ndarray | float) -> np.ndarray:
    """`painted` after `blend_kept`, with the same value in all cells of each map."""
    rows, columns = game.shape[0] // CELL_PX, game.shape[1] // CELL_PX
    values = {"hud": 1.0, "text": 0.0, "ink": 240.0, "side": 1.0, "plain": 14.0} | maps
    filled = {
        name: np.full((rows, columns), values[name], np.float32) for name in ("hud", "text", "ink", "side", "plain")
    }
    ground = np.full((rows, columns, 3), values.get("ground", 100), np.float32)
    shapes = values.get("shapes", np.zeros(game.shape[:2], np.uint8))
    out = painted.copy()
    blend_kept(game, Kept(**filled, background=ground, shapes=shapes), out)  # type: ignore[arg-type]
    return out


def test_known_shapes_and_other_colours_become_the_games_own_and_the_background_stays_the_themes() -> None:
    game, painted = np.full((48, 64, 4), 100, np.uint8), np.full((48, 64, 4), 20, np.uint8)
    game[10:20, 10:30] = (30, 200, 240, 255)  # a bar
    shapes = np.zeros((48, 64), np.uint8)
    shapes[30:40, 10:30] = 255
    out = blended(game, painted, shapes=shapes)
    np.testing.assert_array_equal(out[10:20, 10:30, :3], game[10:20, 10:30, :3])
    np.testing.assert_array_equal(out[30:40, 10:30, :3], game[30:40, 10:30, :3])
    np.testing.assert_array_equal(out[:8, :, :3], painted[:8, :, :3])
    np.testing.assert_array_equal(blended(game, painted, hud=0.0), painted)


@pytest.mark.parametrize(("side", "ink"), [(1.0, 240.0), (-1.0, 10.0)])
def test_the_ground_of_letters_gives_way_only_where_it_takes_their_contrast(side: float, ink: float) -> None:
    game = np.full((48, 64, 4), 100, np.uint8)
    for level, changes in ((225, side > 0), (25, side < 0)):
        painted = np.full((48, 64, 4), level, np.uint8)
        out = blended(game, painted, text=1.0, side=side, ink=ink)[24, 32, :3].astype(int)
        assert bool(abs(out - level).max() > 1) is changes
        assert abs(out.mean() - ink) >= min(94, abs(100 - ink))


@pytest.mark.parametrize("color", [(250, 20, 120), (20, 240, 250), (10, 10, 200)])
@pytest.mark.parametrize("level", [8, 60, 200])
def test_a_saturated_ground_gets_the_brightness_that_letters_need_and_keeps_its_hue(
    color: tuple[int, int, int], level: int
) -> None:
    game, painted = np.full((48, 64, 4), level, np.uint8), np.full((48, 64, 4), 255, np.uint8)
    painted[..., :3] = color
    out = blended(game, painted, text=1.0, side=0.0, ground=level)[24:25, 32:33, :3]
    assert abs(int(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY).item()) - level) <= 1
    assert (np.diff(out[0, 0][np.argsort(color)].astype(int)) >= 0).all()


def test_a_look_that_fails_costs_one_frame_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    mask, frames = KeepMask(), list(playing(8))
    assert mask.update(frames[0], lambda: NO_HUD_READ, Keep()) is not None
    with monkeypatch.context() as broken:
        broken.setattr(mask._edges, "watch", lambda gray: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            [mask.update(bgra_u8, lambda: NO_HUD_READ, Keep()) for bgra_u8 in frames[1:]]
    mask.reset()
    assert mask.update(frames[0], lambda: NO_HUD_READ, Keep()) is not None


def test_streaks_of_cloud_that_slide_along_themselves_are_neither_hud_nor_text() -> None:
    """As over Extreme Tux Racer's mountains: they seem to stand still, and yet they are no part of the screen."""
    h, w = SIZE
    horizon = h // 2
    draw = np.random.default_rng(7)
    sky = cv2.GaussianBlur(draw.normal(0, 1, (horizon, w + 60)).astype(np.float32), (0, 0), sigmaX=16, sigmaY=2)
    sky = np.clip(120 + 45 * sky / sky.std(), 0, 255)
    ground = np.kron(draw.integers(40, 200, (horizon // 4, w // 4 + 60), np.uint8), np.ones((4, 4), np.uint8))
    mask = KeepMask()
    for i, bgra_u8 in enumerate(playing(56)):
        bgra_u8[:horizon, :, :3] = sky[:, i // 2 : i // 2 + w, None]
        bgra_u8[horizon:, :, :3] = ground[:, 4 * i : 4 * i + w, None]
        bgra_u8[letters() > 128] = 255
        found = mask.update(bgra_u8, lambda: NO_HUD_READ, Keep())
    assert found is not None
    assert found.hud[cells(TEXT_BOX)].mean() > 0.9
    assert found.hud[cells((72, horizon, 0, w))].mean() < 0.1  # all of it, before edges had to be ones seen to move


def test_text_that_is_gone_from_a_still_picture_leaves_no_patch_of_the_game_behind() -> None:
    mask, plain = KeepMask(), np.full((*SIZE, 4), 120, np.uint8)
    titled = cv2.max(plain, np.dstack([letters()] * 4))
    seen = np.full_like(NO_HUD_READ, 0.3)
    for _ in range(24):
        kept = mask.update(titled, lambda: seen, Keep())
    assert kept is not None
    assert kept.hud[cells(TEXT_BOX)].max() > 0.9
    for _ in range(48):
        kept = mask.update(plain, lambda: NO_HUD_READ, Keep())
    assert kept is not None
    assert max(kept.hud.max(), kept.text.max()) < 0.05


def test_text_of_a_scene_that_faded_to_black_leaves_no_patch_in_the_next() -> None:
    """Where it stood the next scene has sky. A cut that nothing tells from a quick turn is not seen so soon."""
    plain, black = np.full((*SIZE, 4), 120, np.uint8), np.zeros((*SIZE, 4), np.uint8)
    titled, elsewhere = cv2.max(plain, np.dstack([letters()] * 4)), plain.copy()
    elsewhere[120:] = np.random.default_rng(4).integers(0, 255, (SIZE[0] - 120, SIZE[1], 1))
    mask, seen = KeepMask(), np.full_like(NO_HUD_READ, 0.3)
    for frame in [titled] * 24:
        kept = mask.update(frame, lambda: seen, Keep(hud=False))
    assert kept is not None
    assert kept.text[cells(TEXT_BOX)].max() > 0.9
    for frame in [*[black] * 12, *[elsewhere] * 4]:
        kept = mask.update(frame, lambda: NO_HUD_READ, Keep(hud=False))
    assert kept is not None
    assert kept.text[cells(TEXT_BOX)].max() == 0
