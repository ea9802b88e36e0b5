"""The command as a process of its own: how fast it starts, what it loads, and how the wheel finds its parts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from reskin.themes import shipped_themes

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = "{'torch', 'numba', 'onnxruntime', 'cv2', 'pygame', 'pynput', 'xcffib', 'av', 'numpy', 'pydantic', 'rich'}"


def run(*arguments: str, path: Path = ROOT, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PYTHONPATH")}
    environment |= {"PYTHONPATH": str(path), "RESKIN_HOME": str(home or path / "nowhere")}
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom reskin.cli import cli\ncli(['--help'], standalone_mode=False)\n"
        f"print('loaded', {HEAVY} & set(sys.modules))"
    )
    assert run("-c", code).stdout.endswith("loaded set()\n")


def test_help_is_there_within_300_ms() -> None:
    """Of a core's time, the best of three: the machine may be busy with something else, the program may not."""
    times_s = []
    for _ in range(3):
        before = os.times()
        assert run("-m", "reskin", "--help").returncode == 0
        after = os.times()
        times_s.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(times_s) < 0.3


def test_errors_end_as_text_without_a_traceback() -> None:
    done = run("-m", "reskin", "themes", "nothing-like-it")
    assert done.returncode == 1
    assert done.stderr.startswith("reskin: looking for the theme 'nothing-like-it'")
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install` would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("reskin-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_finds_its_own_themes(unpacked_wheel: Path) -> None:
    done = run("-m", "reskin", "themes", path=unpacked_wheel)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(shipped_themes())
    places = run("-m", "reskin", "paths", path=unpacked_wheel).stdout
    assert f"shipped themes  {unpacked_wheel / 'reskin' / 'themes_data'}\n" in places


def test_the_wheel_holds_what_runs_and_nothing_else(unpacked_wheel: Path) -> None:
    top = {path.name for path in unpacked_wheel.iterdir() if not path.name.endswith(".dist-info")}
    assert top == {"reskin", "engine", "kernels"}
    assert (unpacked_wheel / "reskin" / "py.typed").exists()
    assert not (unpacked_wheel / "engine" / "train").exists()
    assert (unpacked_wheel / "reskin" / "sinks" / "web" / "pages" / "control.html").exists()
    pictures = unpacked_wheel / "reskin" / "web_parts" / "pictures"
    assert {path.stem for path in pictures.iterdir()} == set(shipped_themes())
    weights = {path.name for path in (ROOT / "engine" / "weights").iterdir() if path.is_file()}
    shipped = {path.relative_to(unpacked_wheel) for path in (unpacked_wheel / "reskin" / "themes_data").rglob("*.*")}
    assert {path.suffix for path in shipped} == {".toml"}, "pictures of games are under other licences than the wheel"
    assert weights == {path.name for path in (unpacked_wheel / "engine" / "weights").glob("*")}


def test_the_source_archive_holds_what_the_readme_links() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"/" + link.split("/")[0] for link in links} <= set(build["targets"]["sdist"]["include"])
