"""Starts the two processes that triton needs, one interpreting and one compiling; the rules for what is compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED_BYTES = 227 * 1024  # what a block may have of a Hopper multiprocessor's memory


def run_python(*arguments: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRITON_")}
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env={**kept, **environment}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def compiled_for_hopper(what: str) -> dict[str, list[dict[str, Any]]]:
    """What every kernel of every case needs: {"ops" or "raymarch"} as `ahead_of_time.py` says."""
    return json.loads(run_python("-m", "tests.kernels.ahead_of_time", what).splitlines()[-1])


def assert_it_fits(needs: dict[str, Any]) -> None:
    """What holds for any kernel."""
    assert needs["target"] == "sm_90a"
    assert needs["spilled_bytes"] == needs["stack_bytes"] == 0, needs
    assert needs["shared_bytes"] <= SHARED_BYTES, needs


def assert_its_products_are_warpgroups(needs: dict[str, Any]) -> None:
    """What holds for a kernel with products: none on single warps, none that wait for each other."""
    assert needs["warpgroup_products"] > 0, needs
    assert needs["warp_products"] == 0, needs
    assert needs["serialized"] == [], needs
