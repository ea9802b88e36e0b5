"""What the code as a whole must be: one-way imports, no pickle, no printing below the command line, short files."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("kernels", "engine", "reskin")  # each may import itself and what stands before it
FILES = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]
SHIPPED = [path for path in FILES if (ROOT / "engine" / "train") not in path.parents]  # as pyproject.toml's wheel
LONGEST_FILE = 350
GAMES = {"reskin/demo/game.py", "reskin/demo/marker_game.py"}  # programs with a command line of their own
HEAVY = {"torch", "triton", "numba", "onnxruntime", "onnx", "cv2", "pygame", "pynput", "mss", "av", "xcffib", "rich"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules that are imported anywhere in the file, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield node.module or ""


def called(tree: ast.AST) -> Iterator[str]:
    """Dotted names of what is called: print, torch.load."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def run_python(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@each_file
def test_imports_point_one_way(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    above = LAYERS[LAYERS.index(layer) + 1 :]
    wrong = [name for name in imported(tree_of(path)) if name.split(".")[0] in (*above, "tests", "tools")]
    assert not wrong, f"{layer} imports {wrong}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_runs_code_from_a_file_is_used(path: Path) -> None:
    tree = tree_of(path)
    modules = {name.split(".")[0] for name in imported(tree)}
    assert not modules & {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
    assert not set(called(tree)) & {"torch.load", "eval", "exec"}
    allowed = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False"
    ]
    assert not allowed


def test_the_server_calls_nothing_that_writes_pictures() -> None:
    """What does so in C is not heard by `open`, which tests/serve/test_hostile.py listens at."""
    writers = {"cv2.imwrite", "cv2.VideoWriter", "av.open", "np.save", "np.savez", "np.savez_compressed", "tofile"}
    files = [path for path in FILES if (ROOT / "reskin" / "serve") in path.parents]
    assert len(files) > 40
    for path in files:
        names = {name if name in writers else name.rsplit(".", 1)[-1] for name in called(tree_of(path))}
        assert not names & writers, path


@each_file
def test_only_the_command_line_prints(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if not name.startswith("reskin/cli") and name not in GAMES:
        assert not set(called(tree_of(path))) & {"print", "click.echo", "pprint", "sys.stdout.write"}


@each_file
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    if text.strip() and path.name != "__init__.py":
        assert ast.get_docstring(tree_of(path)), "the first lines of a file say what it does"


def test_the_walk_has_found_the_files() -> None:
    assert {"reskin/themes.py", "engine/config.py", "kernels/__init__.py"} <= {
        path.relative_to(ROOT).as_posix() for path in FILES
    }


def test_importing_the_packages_needs_no_torch_no_triton_and_no_display() -> None:
    names = "reskin, reskin.themes, reskin.settings, reskin.cli, reskin.platforms, engine, engine.config, engine.style"
    loaded = run_python(f"import sys, kernels, {names}; print(*sorted(sys.modules))").split()
    assert not HEAVY & set(loaded)


def test_the_live_path_imports_without_torch_and_without_a_display() -> None:
    """As on a player's machine: torch is made unimportable."""
    names = "reskin.loop, reskin.engine_process, reskin.video, reskin.compose, reskin.render, reskin.doctor"
    run_python(f"import sys; sys.modules['torch'] = sys.modules['triton'] = None; import {names}")
