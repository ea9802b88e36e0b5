"""Starts the two processes that triton needs, one interpreting and one compiling; the rules for what is compiled.

Both of a subject ("ops", "tokens" or "raymarch") start when either is asked for: they take a core each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED_BYTES = 227 * 1024  # what a block may have of a Hopper multiprocessor's memory


LANES = ThreadPoolExecutor(2)


def interpreted(what: str) -> dict[str, np.ndarray]:
    """What the kernels of a subject computed, as `interpreted.py` names it."""
    return _begun(what)[0].result()


def compiled_for_hopper(what: str) -> dict[str, Any]:
    """What every kernel of every case of a subject needs, as `ahead_of_time.py` says."""
    return _begun(what)[1].result()


@cache
def _begun(what: str) -> tuple[Future[dict[str, np.ndarray]], Future[dict[str, Any]]]:
    return LANES.submit(_interpret, what), LANES.submit(_compile, what)


def _interpret(what: str) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.npz"
        run_python("-m", "tests.kernels.interpreted", what, str(path), TRITON_INTERPRET="1")
        with np.load(path) as arrays:
            return dict(arrays)


def _compile(what: str) -> dict[str, Any]:
    return json.loads(run_python("-m", "tests.kernels.ahead_of_time", what).splitlines()[-1])


def run_python(*arguments: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRITON_")}
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env={**kept, **environment}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


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
