"""The renderer of the presets for a GPU, on a CPU: through the engine's own process against the slow loop over the clip
with the CPU's finish and compose; its views, qualities and windows; and what it says where it cannot run.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from engine.config import GPU_PRESETS, SHAPES, SMALL
from engine.gpu.frame import EFFORTS, Effort, FrameStep
from engine.underpaint import LUMA, PaintMaps
from reskin import gpu_presets, gpu_renderer
from reskin.cli import cli
from reskin.compose import Composer
from reskin.doctor import probe_engine
from reskin.errors import EngineError
from reskin.finish import finish_maps
from reskin.frame import Frame
from reskin.gpu_presets import missing, require_preset, torch_cuda, weight_folders
from reskin.gpu_renderer import GpuRenderer, open_renderer
from reskin.keep_blend import keep_regions
from reskin.remedies import install_command
from reskin.renderer import QUALITY_LEVELS, View
from reskin.screen_finish import finish_screen
from reskin.serve.batch import Done, Job
from reskin.serve.gpu_engine import Together, open_together
from reskin.serve.session import FrameLook
from reskin.supervisor import Supervisor
from reskin.theme_model import Keep
from reskin.themes import Theme
from reskin.views import MATERIAL_COLORS
from tests.engine.tiny import SIZE, TinyEngine
from tests.engine.token_frames import PRESET, WINDOW, maps_slowly, windows
from tests.reskin import tiny_gpu
from tests.reskin.pictures import differ_by_roundings, levels_apart, random_bgra
from tests.reskin.test_keeping import letters, playing

FIRST = Theme.model_validate({
    "name": "First", "strength": 0.9, "finish": {"outline": 0.4, "grain": 0.3, "bloom": 0.3, "saturation": 1.3,
                                                "levels": 6},
    "material": {"ground": {"colors": ["#402010", "#c0a060"], "strength": 0.5}},
    "keep": {"regions": [[0.0, 0.8, 1.0, 0.2]]},
})  # fmt: skip
FAINTER = FIRST.model_copy(update={"strength": 0.6})
SECOND = Theme.model_validate({"name": "Second", "material": {"sky": {"colors": ["#102040", "#ff90d0"], "glow": 0.6}},
                               "finish": {"vignette": 0.5, "contrast": 1.2, "pixel": 0.05},
                               "keep": {"hud": False}})  # fmt: skip


@pytest.fixture(scope="module")
def folder(tiny: TinyEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny_gpu.save_tiny(tiny.reader, folder)
    return folder


@pytest.fixture
def renderer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> GpuRenderer:
    monkeypatch.setitem(SHAPES, "tiny", PRESET)
    return open_renderer("tiny", folder, torch.device("cpu"), WINDOW)


def painted(renderer: GpuRenderer, bgra_u8: np.ndarray, theme: Theme, view: View = View.THEME,
            quality: int = 0) -> np.ndarray:  # fmt: skip
    out = np.full_like(bgra_u8, 7)
    stages = renderer.render(bgra_u8, theme, view, quality, out)
    assert list(stages) == ["prepare", "step", "compose"]
    return out


def upright(picture: torch.Tensor) -> np.ndarray:
    array = picture.numpy().transpose(1, 2, 0)
    return np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array)


def composed_offline(tiny: TinyEngine, screens: list[torch.Tensor], themes: list[Theme]) -> list[np.ndarray]:
    """The slow loop's maps under the finish, the compose and the kept regions of the CPU's renderer."""
    styles = {id(theme.material): theme.style() for theme in themes}
    painter = tiny_gpu.new_painter()
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, *SIZE), np.float32))
    looks = [styles[id(theme.material)] for theme in themes]
    keep_huds = [False] * len(themes)  # HUDs are kept afterwards, and in a window of this size there is none
    out, composer = [], Composer()
    for i, (rgb, maps) in enumerate(maps_slowly(tiny.reader, painter, noise, screens, looks, keep_huds)):
        theme, game, guide = themes[i], screens[i].numpy(), upright(rgb)
        arrays = PaintMaps(**{name: upright(tensor) for name, tensor in maps._asdict().items()})
        shown = np.empty_like(game)
        composer.compose(game, guide, finish_maps(arrays, theme.finish, guide @ LUMA), shown, strength=theme.strength,
                         outline=theme.finish.outline, grain=theme.finish.grain, frame_index=i)  # fmt: skip
        finish_screen(shown, theme.finish, theme.strength, [arrays.keep])
        keep_regions(game, theme.keep.regions, shown)
        out.append(shown)
    return out


def painted_by(engine: Supervisor, frame: Frame, theme: Theme, limit_s: float = 90) -> np.ndarray:
    """One frame through the process; no other may come between, since each sees the one before."""
    deadline_s, submitted = time.monotonic() + limit_s, False
    while time.monotonic() < deadline_s:
        engine.poll(time.monotonic_ns())
        engine.configure(theme=theme, view=View.THEME, quality=0)
        if engine.is_ready and not submitted:
            engine.submit(frame)
            submitted = True
        painting = engine.newest()
        if painting is not None and painting.index == frame.index:
            return painting.bgra_u8.copy()
        time.sleep(0.002)
    raise AssertionError(f"no painting in {limit_s} s")


def test_through_the_engines_process_a_clip_with_theme_changes_is_the_offline_composition(
    tiny: TinyEngine, folder: Path
) -> None:
    screens, themes = windows(6), [FIRST, FIRST, FAINTER, SECOND, SECOND, FIRST]
    engine = Supervisor("tests.reskin.tiny_gpu:create", (str(folder),))
    try:
        shown = [
            painted_by(engine, Frame(i, 40_000_000 * (i + 1), screen.numpy()), themes[i])
            for i, screen in enumerate(screens)
        ]
        assert engine.name == "tiny, torch eager, cpu"
    finally:
        engine.close()
    for ours, theirs in zip(shown, composed_offline(tiny, screens, themes), strict=True):
        assert differ_by_roundings(ours, theirs)
        assert (ours == theirs).mean() > 0.98
    assert levels_apart(shown[2], shown[3]) > 20, "there is something to see"


def test_a_strength_changes_numbers_a_theme_forgets_the_past_and_neither_makes_a_new_step(
    renderer: GpuRenderer,
) -> None:
    step, screens = renderer._step, [screen.numpy() for screen in windows(4)]
    frames = []
    for screen, theme in zip(screens, (FIRST, FAINTER, FAINTER, SECOND), strict=True):
        painted(renderer, screen, theme)
        frames.append(int(step.frame))
    assert frames == [1, 2, 3, 1]
    assert renderer._step is step
    assert renderer.drift.color > 0
    assert 0.5 < renderer.drift.sharpness < 2
    game = painted(renderer, screens[0], FIRST.model_copy(update={"strength": 0.0}))
    assert np.array_equal(game, screens[0])


def test_the_views_show_the_split_and_the_materials_and_kept_regions_are_the_games_own(renderer: GpuRenderer) -> None:
    screen, middle = windows(1)[0].numpy(), WINDOW[1] // 2
    whole = painted(renderer, screen, SECOND)
    renderer.reset()
    half = painted(renderer, screen, SECOND, View.SPLIT)
    assert np.array_equal(half[:, :middle], screen[:, :middle])
    assert np.array_equal(half[:, middle + 2 :], whole[:, middle + 2 :])
    flat = np.full_like(screen, 128)
    renderer.reset()
    out = painted(renderer, flat, FIRST, View.MATERIALS)[..., 2::-1].reshape(-1, 3)
    allowed = 0.75 * MATERIAL_COLORS + 0.25 * 128
    assert np.abs(out[:, None] - allowed[None]).max(axis=2).min(axis=1).max() <= 1
    kept = painted(renderer, screen, FIRST)
    assert np.array_equal(kept[54:], screen[54:])
    assert not np.array_equal(kept[20:54], screen[20:54])


def test_a_hud_and_text_are_kept_as_the_renderer_for_a_cpu_keeps_them(renderer: GpuRenderer) -> None:
    theme = SECOND.model_copy(update={"keep": Keep()})
    off = SECOND.model_copy(update={"keep": Keep(hud=False, text=False)})
    frames = list(playing(32))
    shown, bare = ([painted(renderer, frame, look) for frame in frames][-1] for look in (theme, off))
    ink = letters() > 250
    error = [float(np.abs(picture[ink, :3].astype(int) - frames[-1][ink, :3]).mean()) for picture in (shown, bare)]
    assert error[0] < error[1] / 2
    middle = slice(96, 120)  # nothing but the world
    assert levels_apart(shown[middle], bare[middle]) <= 1


def test_every_quality_paints_and_a_painter_that_has_rested_begins_anew(renderer: GpuRenderer) -> None:
    screens = [screen.numpy() for screen in windows(3)]
    shown = []
    for quality in range(QUALITY_LEVELS):
        renderer.reset()
        shown.append([painted(renderer, screen, SECOND, quality=quality) for screen in screens][-1])
    assert len({picture.tobytes() for picture in shown}) == QUALITY_LEVELS
    assert "following" in EFFORTS[-1]
    painted(renderer, screens[0], SECOND)
    assert renderer._step.frame == 1


@pytest.mark.parametrize("size", [(1, 1), (31, 57), (90, 161)], ids=str)
def test_any_window_is_painted_and_another_size_keeps_the_theme(
    renderer: GpuRenderer, rng: np.random.Generator, size: tuple[int, int]
) -> None:
    first = painted(renderer, windows(1)[0].numpy(), FIRST)
    out = painted(renderer, random_bgra(rng, size), FIRST)
    assert out.shape == (*size, 4)
    assert np.array_equal(painted(renderer, windows(1)[0].numpy(), FIRST), first)


def test_weights_that_cannot_be_used_are_an_engine_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHAPES, "tiny", PRESET)
    with pytest.raises(EngineError, match=r"starting the engine 'small': reading the reader.*holds the reader of tiny"):
        open_renderer("small", folder, torch.device("cpu"))
    (tmp_path / "reader.safetensors").write_bytes(b"nonsense")
    with pytest.raises(EngineError, match="not a whole safetensors file"):
        open_renderer("tiny", tmp_path, torch.device("cpu"))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only place for weights is an empty folder, which is returned."""
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    monkeypatch.setattr(gpu_presets, "ROOT", tmp_path / "installation")
    return tmp_path


@pytest.mark.parametrize("preset", GPU_PRESETS)
def test_what_a_machine_lacks_is_told_before_anything_starts(bare: Path, preset: str) -> None:
    told = CliRunner().invoke(cli, ["run", "--region", "0,0,64,64", "--preset", preset])
    assert told.exit_code == 1
    assert told.stderr.startswith(f"reskin: starting the engine '{preset}': ")
    assert f"`python tools/train.py --recipe {preset}` trains and exports them" in told.stderr
    assert all(str(folder) in told.stderr for folder in weight_folders(preset))
    assert ("no CUDA device" in told.stderr) == (not torch.cuda.is_available())
    assert "--preset lite" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    engine = probe_engine(preset)
    assert engine.chosen == "none"
    assert told.stderr.strip() == f"reskin: {engine.why}"


def test_the_presets_for_a_cpu_lack_nothing(bare: Path) -> None:
    assert missing("lite") == missing("nano") == []
    require_preset("lite")


def test_the_driver_the_torch_and_the_folders_are_asked_themselves(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def driver(devices: int, failing: int = 0) -> SimpleNamespace:
        def count(number: object) -> int:
            ctypes.cast(number, ctypes.POINTER(ctypes.c_int))[0] = devices
            return 0

        return SimpleNamespace(cuInit=lambda _: failing, cuDeviceGetCount=count)

    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver(0, failing=100))
    assert "answers with error 100" in gpu_presets.missing_device()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver(0))
    assert "has found none" in gpu_presets.missing_device()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver(1))
    assert gpu_presets.missing_device() == ""
    assert torch_cuda() == torch.version.cuda
    monkeypatch.setattr(gpu_presets, "torch_cuda", lambda: "12.8")
    assert len(missing("small")) == 1, "but for the weights this machine is whole"
    for folder in reversed(weight_folders("small")):
        folder.mkdir(parents=True)
        for part in gpu_presets.PARTS:
            (folder / part).touch()
        assert gpu_presets.find_weights("small") == folder
    assert missing("small") == []
    monkeypatch.setattr(gpu_presets, "find_spec", lambda name: None)
    assert missing("small") == [f"torch and safetensors not installed ({install_command('gpu')})"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_torch_that_sees_no_device_where_the_driver_sees_one_is_named(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_renderer, "find_weights", lambda preset: bare)
    with pytest.raises(EngineError, match=r"torch .* sees no CUDA device"):
        gpu_renderer.create(SMALL.name)


def test_a_sessions_frame_begins_after_its_reset_on_the_default_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is asked for; the streams are stood in for."""
    asked: list[str] = []

    class Recorded:
        name = why = ""
        is_eager = False

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_: asked.append(name)

    def stream(of: object) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    for name, stand_in in {"Stream": lambda _: Recorded(), "current_stream": lambda _: None, "stream": stream}.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    together = Together(Recorded, torch.device("cuda"))
    job = Job("first", np.zeros((2, 2, 4), np.uint8), FrameLook(FIRST, "first"), 0)
    assert together.render_many([job])[0].error == ""
    assert asked == ["reset", "wait_stream", "begin", "wait_stream", "finish"]


def test_sessions_that_are_painted_together_get_what_each_gets_alone(
    folder: Path, renderer: GpuRenderer, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several sessions' frames as one batch; a frame that cannot be painted is its own session's alone."""
    batches, plain = [], gpu_renderer.step_together

    def counted(steps: Sequence[FrameStep], efforts: Sequence[Effort]) -> None:
        batches.append(len(steps))
        plain(steps, efforts)

    monkeypatch.setattr(gpu_renderer, "step_together", counted)
    together = open_together("tiny", folder, torch.device("cpu"), WINDOW)
    sessions = {"first": FIRST, "second": SECOND}
    clips = {key: [random_bgra(rng, WINDOW) for _ in range(2)] for key in sessions}
    bad = Job("bad", np.zeros((10, 20, 3), np.uint8), FrameLook(FIRST, "bad"), 0)
    got: list[list[Done]] = []
    for step in range(2):
        jobs = [Job(key, clips[key][step], FrameLook(theme, key), step) for key, theme in sessions.items()]
        got.append(together.render_many([*jobs, bad]))
        together.forget("bad")
    for one, (key, theme) in enumerate(sessions.items()):
        renderer.reset()
        for step, bgra_u8 in enumerate(clips[key]):
            batched = got[step][one].bgra_u8
            assert batched is not None
            assert differ_by_roundings(painted(renderer, bgra_u8, theme), batched), (key, step)
    assert all(step[2].bgra_u8 is None and step[2].error for step in got)
    assert batches == [2, 2]


def test_a_batch_that_fails_is_every_sessions_failure_and_the_next_begins_anew(
    folder: Path, renderer: GpuRenderer, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = open_together("tiny", folder, torch.device("cpu"), WINDOW, ready=2)
    frames, plain = {"first": random_bgra(rng, WINDOW), "second": random_bgra(rng, WINDOW)}, gpu_renderer.step_together
    done = []
    for now_ns, stepping in enumerate((plain, lambda *_: 1 / 0, plain)):
        monkeypatch.setattr(gpu_renderer, "step_together", stepping)
        jobs = [Job(key, shown, FrameLook(SECOND, key), now_ns) for key, shown in frames.items()]
        done.append(together.render_many(jobs))
    for first, failed, again in zip(*done, strict=True):
        assert failed.bgra_u8 is None
        assert failed.error.startswith("ZeroDivisionError")
        assert np.array_equal(again.bgra_u8, first.bgra_u8)
