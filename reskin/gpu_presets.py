"""What the presets for a GPU need of a machine, and where their weights are looked for. Without importing torch.

The app asks before it starts anything, `reskin doctor` asks to say what stands against them, and the engine's process
asks before it spends seconds on torch.
"""

from __future__ import annotations

import ctypes
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from engine.config import GPU_PRESETS, PRESETS
from reskin.errors import EngineError
from reskin.places import place
from reskin.remedies import install_command

PARTS = ("reader.safetensors", "painter.safetensors")
ROOT = Path(__file__).resolve().parent.parent


def require_preset(preset: str) -> None:
    """EngineError says all that is missing for this preset, and what to do; nothing for one that needs no GPU."""
    lacking = missing(preset)
    if lacking:
        raise EngineError(
            f"starting the engine {preset!r}: {'; '.join(lacking)}. "
            f"The presets {' and '.join(PRESETS)} need none of that: --preset {next(reversed(PRESETS))}."
        )


def missing(preset: str) -> list[str]:
    """What stands against this preset here; empty where it can run, or needs no GPU."""
    if preset not in GPU_PRESETS:
        return []
    return [text for text in (missing_torch(), missing_device(), missing_weights(preset)) if text]


def missing_torch() -> str:
    packages = [name for name in ("torch", "safetensors") if find_spec(name) is None]
    if packages:
        return f"{' and '.join(packages)} not installed ({install_command('gpu')})"
    if torch_cuda() is None:
        return "the torch that is installed was built without CUDA (pytorch.org/get-started has the command for yours)"
    return ""


def torch_cuda() -> str | None:
    """The CUDA version that the installed torch was built for, read from its files."""
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        try:
            found = re.search(r"^cuda\b[^=]*= *['\"]([\d.]+)", Path(folder, "version.py").read_text(), re.MULTILINE)
        except OSError:
            continue
        if found:
            return found[1]
    return None


def missing_device() -> str:
    """Asks the driver itself."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return f"no CUDA device: there is no NVIDIA driver ({name} was not found)"
    count = ctypes.c_int(0)
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if failed:
        return f"no CUDA device: the NVIDIA driver answers with error {failed} (`nvidia-smi` says more)"
    return "" if count.value else "no CUDA device: the NVIDIA driver has found none (`nvidia-smi` lists them)"


def missing_weights(preset: str) -> str:
    if find_weights(preset) is not None:
        return ""
    places = weight_folders(preset)
    return (
        f"no trained weights of {preset} ({' and '.join(PARTS)} in one of {', '.join(map(str, places))}); "
        f"none ship: in a checkout, on a GPU, `python tools/train.py --recipe {preset}` trains and exports them "
        f"into the last of these"
    )


def find_weights(preset: str) -> Path | None:
    """The first folder that holds both networks."""
    for folder in weight_folders(preset):
        if all((folder / part).is_file() for part in PARTS):
            return folder
    return None


def weight_folders(preset: str) -> tuple[Path, ...]:
    """In this order: the player's own, those of the installation, and in a checkout what the recipe leaves."""
    return place("data", "weights", preset), ROOT / "engine" / "weights" / preset, ROOT / "runs" / preset / "weights"
