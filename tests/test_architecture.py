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
TOOLS = sorted((ROOT / "tools").rglob("*.py"))
LONGEST_FILE = 350
UNSAFE_MODULES = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "multiprocessing.managers",
    "multiprocessing.connection.Client", "multiprocessing.connection.Listener",
}  # fmt: skip
UNSAFE_CALLS = {
    "torch.load", "eval", "exec", "builtins.eval", "builtins.exec", "__import__", "yaml.load", "yaml.load_all",
    "yaml.full_load", "yaml.unsafe_load", "pandas.read_pickle", "torch.jit.load", "torch.hub.load", "torch.package",
}  # fmt: skip
OWN_CHECKPOINTS = {  # training in a checkout, from where it wrote them itself; none of it is shipped
    f"engine/train/{name}.py": {"torch.load, weights_only"} for name in ("painter", "reader", "run")
}
PIPES = {
    "engine/train/painter_data.py", "reskin/__main__.py", "reskin/child_process.py", "reskin/engine_process.py",
    "reskin/glass_meter.py", "reskin/remote_engine/entry.py", "reskin/remote_engine/process.py",
    "reskin/serve/process_renderer.py", "reskin/serve/prompt_reader.py", "reskin/shared_frames.py",
    "reskin/sinks/web/process.py", "reskin/sinks/window_process.py",
}  # fmt: skip
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


def code_from_files(tree: ast.AST) -> set[str]:
    """What in it could run code that lies in a file, under whatever name it was imported."""
    names: dict[str, str] = {}  # as it is called here -> as it is called there
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    modules = {name for full in (*imported(tree), *names.values()) for name in (full, full.split(".")[0])}
    found = modules & UNSAFE_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            call = f"{names.get(first, first)}{dot}{rest}"
            options = {option.arg: ast.unparse(option.value) for option in node.keywords}
            if call == "torch.load" and options.get("weights_only") == "True":
                found.add(f"{call}, weights_only")
            elif call in UNSAFE_CALLS or (call == "numpy.load" and len(node.args) > 2):
                found.add(call)
            if options.get("allow_pickle", "False") != "False":
                found.add("allow_pickle")
    return found


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


@pytest.mark.parametrize("path", [*FILES, *TOOLS], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_runs_code_from_a_file_is_used(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = code_from_files(tree_of(path))
    assert found <= OWN_CHECKPOINTS.get(name, set())
    assert not found or path not in SHIPPED


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from joblib import load", "import dill as d", "import shelve", "import marshal", "eval(x)",
     "exec(x)", "import builtins; builtins.eval(x)", "__import__(x)", "import torch\ntorch.load(p, weights_only=True)",
     "import torch as t\nt.load(p)", "from torch import load as l\nl(p)", "import yaml\nyaml.load(x, yaml.Loader)",
     "import numpy as np\nnp.load(p, allow_pickle=True)", "import numpy as np\nnp.load(p, None, True)",
     "from multiprocessing.connection import Client", "from multiprocessing.managers import BaseManager"],
)  # fmt: skip
def test_what_runs_code_from_a_file_would_be_seen(line: str) -> None:
    assert code_from_files(ast.parse(line))


def test_pipes_which_pickle_join_our_own_processes_alone() -> None:
    """Whoever names multiprocessing. Its pipes have no name, and both of their ends are ours (SECURITY.md)."""
    found = {path for path in FILES if any(name.startswith("multiprocessing") for name in imported(tree_of(path)))}
    assert {path.relative_to(ROOT).as_posix() for path in found} == PIPES


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
