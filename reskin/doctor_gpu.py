"""What `reskin doctor` says of graphics cards: which one the networks run on, and what would let them run on it.

Imports neither torch nor onnxruntime's sessions; an NVIDIA card is asked of its own tool, torch of its version.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Sequence

from engine.providers import CPU, DIRECTML, choose
from reskin.remedies import install_command, pip

_ASK_LIMIT_S = 5.0
CUDA_TORCH = pip("install torch --index-url https://download.pytorch.org/whl/cu128")


def gpu_rows() -> dict[str, str]:
    """For the table of the machine."""
    return {"networks": _networks_here(), "nvidia": nvidia(_cards(), _torch_version())}


def _networks_here() -> str:
    try:
        import onnxruntime

        available = onnxruntime.get_available_providers()
    except (ImportError, AttributeError, OSError) as error:  # AttributeError: a folder that pip left half empty
        return f"nowhere: onnxruntime cannot be loaded ({error})"
    return networks(available, on_windows=os.name == "nt")


def networks(available: Sequence[str], *, on_windows: bool) -> str:
    """Where onnxruntime will run, from the providers that it has."""
    more = f"; AMD, Intel: {install_command('directml')}, then see the notes below" if on_windows else ""
    names = {CPU: f"CPU{more}", DIRECTML: "GPU by DirectML, CPU where it refuses"}
    return f"{names[choose(available)[0]]} (onnxruntime has {', '.join(available)})"


def nvidia(cards: Sequence[str], torch_version: str) -> str:
    """Whether torch can use the cards found; `torch_version` is empty when it is not installed."""
    if not cards:
        return "no card found"
    named = ", ".join(cards)
    if not torch_version:
        return f"{named}; torch is not installed: {CUDA_TORCH}"
    if "+cu" not in torch_version and ("+cpu" in torch_version or os.name == "nt"):  # PyPI's for Windows has no CUDA
        return f"{named}; torch {torch_version} is built without CUDA: {CUDA_TORCH}"
    return f"{named}; torch {torch_version} with CUDA"


def _torch_version() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cards() -> list[str]:
    """The names that the driver's own tool lists."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in asked.stdout.splitlines() if line.strip()] if asked.returncode == 0 else []
