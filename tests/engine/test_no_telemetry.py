"""Nothing is sent from a player's machine unasked: onnxruntime's own telemetry is off before it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_loading_the_live_engine_leaves_no_session_file_of_a_telemetry(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    environment = kept | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-W", "error", "-c", "import onnxruntime"], env=environment, check=True)
    assert [path.name for path in tmp_path.iterdir()] == [".ses"], "onnxruntime itself has changed: look again"
    (tmp_path / ".ses").unlink()
    subprocess.run([sys.executable, "-W", "error", "-c", "import engine.live"], env=environment, check=True)
    assert not list(tmp_path.iterdir())
