"""The renderer: every view, every quality, any window, and the pixels that a theme promises to keep."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.config import LITE, MATERIALS
from engine.drift import COLOR_LIMIT, SHARPNESS_LIMIT
from engine.live import LiveEngine
from engine.underpaint import FAINT
from reskin import engine_renderer
from reskin.engine_renderer import EngineRenderer, create, read_materials
from reskin.errors import EngineError
from reskin.prepare import prepare
from reskin.renderer import QUALITY_LEVELS, View
from reskin.themes import Theme, load_theme, shipped_themes
from reskin.views import MATERIAL_COLORS
from tests.engine.tiny import SIZE, TINY, TinyEngine, frames_of
from tests.reskin.pictures import levels_apart, random_bgra
from tests.reskin.test_keeping import letters, playing

WINDOW = (90, 160)


@pytest.fixture(scope="module")
def renderer(tiny: TinyEngine) -> EngineRenderer:
    return EngineRenderer(tiny.live(), 1)


def theme(**parts: object) -> Theme:
    return Theme.model_validate({"name": "Test", **parts})


def game(index: int = 0, size: tuple[int, int] = WINDOW) -> np.ndarray:
    """A frame of a world as a window holds it."""
    rgb = (frames_of(30, 3, size)[index] * 255).astype(np.uint8)
    return np.concatenate([rgb[..., ::-1], np.zeros((*size, 1), np.uint8)], axis=2).copy()


def rendered(
    renderer: EngineRenderer, bgra_u8: np.ndarray, look: Theme, view: View = View.THEME, quality: int = 0
) -> np.ndarray:
    renderer.reset()
    out = np.full_like(bgra_u8, 7)
    renderer.render(bgra_u8, look, view, quality, out)
    return out


@pytest.mark.parametrize("quality", range(QUALITY_LEVELS))
@pytest.mark.parametrize("view", View)
def test_every_view_at_every_quality_fills_the_picture_and_times_its_stages(
    renderer: EngineRenderer, view: View, quality: int
) -> None:
    renderer.reset()
    for i in range(3):
        out = np.full((*WINDOW, 4), 7, np.uint8)
        stages = renderer.render(game(i), theme(finish={"outline": 0.5, "grain": 0.2}), view, quality, out)
    assert list(stages) == ["prepare", "step", "compose"]
    assert all(span >= 0 for span in stages.values())
    assert out[..., :3].std() > 5
    assert (out[:, WINDOW[1] // 2 + 2 :, 3] == 255).all()
    assert levels_apart(out, game(2)) > 20


def test_split_shows_the_game_on_the_left_bit_for_bit(renderer: EngineRenderer) -> None:
    out = rendered(renderer, game(), theme(), View.SPLIT)
    painted = rendered(renderer, game(), theme())
    middle = WINDOW[1] // 2
    assert np.array_equal(out[:, :middle], game()[:, :middle])
    assert np.array_equal(out[:, middle + 2 :], painted[:, middle + 2 :])
    assert (out[:, middle] == 235).all()


def test_the_materials_view_wears_the_materials_colors(renderer: EngineRenderer, tiny: TinyEngine) -> None:
    flat = np.full((*WINDOW, 4), 128, np.uint8)
    out = rendered(renderer, flat, theme(), View.MATERIALS)[..., 2::-1].reshape(-1, 3)
    allowed = 0.75 * MATERIAL_COLORS + 0.25 * 128
    assert np.abs(out[:, None] - allowed[None]).max(axis=2).min(axis=1).max() <= 1


def test_kept_regions_are_the_games_own_bit_for_bit(renderer: EngineRenderer) -> None:
    look = theme(
        finish={"outline": 1.0, "grain": 1.0, "bloom": 1.0, "vignette": 1.0},
        keep={"regions": [[0.0, 0.9, 1.0, 0.1], [0.25, 0.1, 0.1, 0.2], [0.95, 0.0, 0.2, 0.05]]},
    )
    out, source = rendered(renderer, game(), look), game()
    assert np.array_equal(out[81:], source[81:])
    assert np.array_equal(out[9:27, 40:56], source[9:27, 40:56])
    assert np.array_equal(out[:4, 152:], source[:4, 152:])
    assert not np.array_equal(out[30:80], source[30:80])


def test_strength_zero_is_the_games_frame(renderer: EngineRenderer) -> None:
    assert np.array_equal(rendered(renderer, game(), theme(strength=0.0)), game())


LOUD = {"outline": 1.0, "grain": 1.0, "bloom": 1.0, "vignette": 1.0, "saturation": 1.5}
DRAWN = ({}, {"levels": 4}, {"pixel": 0.02, "levels": 4})


@pytest.mark.parametrize("drawn", DRAWN, ids=str)
def test_strength_zero_of_every_material_is_the_games_frame(renderer: EngineRenderer, drawn: dict[str, float]) -> None:
    untouched = theme(material={name: {"strength": 0.0} for name in MATERIALS}, finish=LOUD | drawn)
    assert np.array_equal(rendered(renderer, game(), untouched)[..., :3], game()[..., :3])


def test_a_material_of_strength_zero_is_the_games_own_where_the_reader_is_sure() -> None:
    renderer, source = create("nano"), game(size=LITE.size)  # a window of the model's size: its pixels are the model's
    still = LOUD | {"grain": 0.0}  # the same in every frame
    painted = rendered(renderer, source, theme(finish=still))
    renderer.reset()
    likely = renderer._engine.step(prepare(source, LITE.size), theme().style()).materials
    material = int(np.bincount(likely.argmax(axis=2).ravel()).argmax())
    sure = np.delete(likely, material, axis=2).max(axis=2) < FAINT
    inside = cv2.erode(sure.astype(np.uint8), np.ones((3, 3)), borderValue=1) == 1  # composing mixes neighbours
    assert inside.mean() > 0.1, "the Reader is sure of nothing here"
    left = rendered(renderer, source, theme(finish=still, material={MATERIALS[material]: {"strength": 0.0}}))
    assert levels_apart(left[inside], source[inside]) == 0
    others = cv2.erode((likely[..., material] < FAINT).astype(np.uint8), np.ones((3, 3))) == 1
    still_painted = np.abs(left[others].astype(int) - painted[others])[:, :3].mean()
    assert still_painted < 0.1 * np.abs(painted[others].astype(int) - source[others])[:, :3].mean()


@pytest.mark.parametrize("drawn", DRAWN[1:], ids=str)
def test_kept_letters_stay_as_sharp_under_blocks_and_few_tones(
    renderer: EngineRenderer, drawn: dict[str, float]
) -> None:
    def played(**finish: float) -> np.ndarray:
        renderer.reset()
        for bgra_u8 in playing(40):
            out = np.empty_like(bgra_u8)
            renderer.render(bgra_u8, theme(finish=finish), View.THEME, 0, out)
        return out

    plain, changed = played(), played(**drawn)
    kept = renderer.keeping.kept
    assert kept is not None
    covered = cv2.resize(np.maximum(kept.hud, kept.text), plain.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(covered, np.ones((17, 17))) == 1
    assert inside[letters() > 128].mean() > 0.9
    assert np.array_equal(plain[inside], changed[inside])
    assert not np.array_equal(plain[covered == 0], changed[covered == 0])


def test_a_shipped_theme_changes_the_next_frame(renderer: EngineRenderer) -> None:
    looks = [load_theme(path) for path in list(shipped_themes().values())[:2]]
    pictures = [rendered(renderer, game(), look) for look in looks]
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() > 5


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (31, 57), (90, 161), (360, 641)], ids=str)
@pytest.mark.parametrize("view", View)
def test_any_window_is_painted(
    renderer: EngineRenderer, rng: np.random.Generator, size: tuple[int, int], view: View
) -> None:
    bgra_u8 = random_bgra(rng, size)
    before = bgra_u8.copy()
    out = rendered(renderer, bgra_u8, theme(finish={"outline": 0.3, "grain": 0.3, "bloom": 0.2}), view)
    assert out.shape == bgra_u8.shape
    assert np.array_equal(bgra_u8, before), "the game's frame is not ours to write to"


def test_the_drift_meter_is_told_with_every_picture(renderer: EngineRenderer) -> None:
    renderer.reset()
    before = renderer.drift
    assert before[:2] == (0.0, 1.0)  # nothing painted, nothing drifted
    rendered(renderer, game(), theme())
    color, sharpness, anchored = renderer.drift
    assert 0 < color < COLOR_LIMIT
    assert 1 / SHARPNESS_LIMIT < sharpness < SHARPNESS_LIMIT
    assert anchored == before.anchored


def test_reset_forgets_the_stream(renderer: EngineRenderer) -> None:
    look = theme()
    first = rendered(renderer, game(1), look)
    for i in (0, 2):
        renderer.render(game(i), look, View.THEME, 0, np.empty((*WINDOW, 4), np.uint8))
    assert np.array_equal(rendered(renderer, game(1), look), first)


def test_a_renderer_says_what_it_runs_on(renderer: EngineRenderer) -> None:
    assert renderer.name == "tiny, onnxruntime, 1 thread"


@pytest.mark.parametrize("size", [(1, 1), (37, 61), (144, 256), (211, 333)], ids=str)
def test_materials_of_a_picture_come_at_its_size(
    tiny: TinyEngine, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setitem(engine_renderer.PRESETS, "lite", replace(LITE, size=SIZE))
    monkeypatch.setattr(engine_renderer, "LiveEngine", lambda preset: LiveEngine(preset, weights=tiny.folder))
    materials = read_materials(random_bgra(rng, size))
    assert materials.shape == size
    assert materials.dtype == np.uint8
    assert materials.max() < len(MATERIALS)


def test_the_shipped_presets_start_and_unknown_ones_are_named() -> None:
    assert create("lite").name.startswith("lite")
    with pytest.raises(EngineError, match=r"no preset 'huge'; there are nano, lite, small, base"):
        create("huge")


def test_weights_that_cannot_be_read_are_an_engine_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> LiveEngine:
        raise FileNotFoundError("reader.onnx")

    monkeypatch.setattr(engine_renderer, "LiveEngine", broken)
    with pytest.raises(EngineError, match=r"starting the engine 'nano'.*reader\.onnx.*Reinstall"):
        create("nano")


def test_two_renderers_of_one_preset_agree(renderer: EngineRenderer, tiny: TinyEngine) -> None:
    other = EngineRenderer(LiveEngine(TINY, weights=tiny.folder), 1)
    look = theme()
    assert np.array_equal(rendered(renderer, game(), look), rendered(other, game(), look))
