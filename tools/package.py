"""Packages Reskin as a folder that runs without Python, by PyInstaller: for people who double-click.

    pip install pyinstaller            (a tool for whoever packages; nothing of it is needed to run or to test)
    python -m tools.package [--out dist]

Run on each system for that system; on Windows it makes reskin.exe. One folder, not one file: a single file unpacks
itself at each start and is what virus scanners distrust. Afterwards it starts the program once and prints its size and
start-up time. torch, training and tests stay out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = (
    "torch", "triton", "onnx", "onnxscript", "matplotlib", "safetensors", "tkinter", "IPython", "pytest", "hypothesis",
    "engine.train", "scipy", "sympy", "pandas", "setuptools", "pip",
)  # fmt: skip
# Imported by name only, where no tool can see it.
BY_NAME = (
    "reskin.engine_renderer", "reskin.demo.game", "reskin.demo.marker_game", "reskin.demo.plays",
    "pynput.keyboard._xorg", "pynput.mouse._xorg", "pynput.keyboard._win32", "pynput.mouse._win32",
)  # fmt: skip
WINDOWS_ONLY = ("dxcam", "windows_capture")
DATA = {
    "themes/*.toml": "reskin/themes_data",  # without its pictures, which show games under other licences
    "themes/timelines": "reskin/themes_data/timelines",
    "engine/weights": "engine/weights", "reskin/prompts": "reskin/prompts", "reskin/web_parts": "reskin/web_parts",
    "reskin/web_parts/pictures": "reskin/web_parts/pictures", "reskin/sinks/web/pages": "reskin/sinks/web/pages",
    "reskin/serve/page": "reskin/serve/page",
}  # fmt: skip


def command(out: Path) -> list[str]:
    """PyInstaller's own command line."""
    made = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--onedir", "--name", "reskin", "--log-level", "WARN"]
    made += ["--distpath", str(out), "--workpath", str(out / "work"), "--specpath", str(out / "work")]
    made += ["--paths", str(ROOT), "--collect-submodules", "reskin", "--collect-submodules", "mss"]
    for name in LEFT_OUT:
        made += ["--exclude-module", name]
    for name in (*BY_NAME, *(WINDOWS_ONLY if os.name == "nt" else ())):
        made += ["--hidden-import", name]
    for source, target in DATA.items():
        made += ["--add-data", f"{ROOT / source}{os.pathsep}{target}"]
    return [*made, str(ROOT / "reskin" / "__main__.py")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out = parser.parse_args().out.resolve()
    built = subprocess.run(command(out), check=False)
    if built.returncode:
        return built.returncode
    program = out / "reskin" / ("reskin.exe" if os.name == "nt" else "reskin")
    size = sum(path.stat().st_size for path in program.parent.rglob("*") if path.is_file() and not path.is_symlink())
    times_s = []
    for _ in range(3):
        began_s = time.perf_counter()
        subprocess.run([program, "--version"], check=True, capture_output=True)
        times_s.append(time.perf_counter() - began_s)
    print(f"{program.parent}: {size / 1e6:.0f} MB, `reskin --version` in {min(times_s):.2f} s (best of 3)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
