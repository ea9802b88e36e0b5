"""The set-up script, as far as it can be judged without making an environment: that takes minutes, and CI does it."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from tools import start

SOURCE = Path(start.__file__)


def test_an_old_python_is_told_which_one_is_needed() -> None:
    """It gets as far as the check: no syntax before 3.8 fails on it, and nothing is imported before."""
    ast.parse(SOURCE.read_text(), feature_version=(3, 8))
    code = f"import sys; sys.version_info = (3, 9, 2); exec(open({str(SOURCE)!r}).read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this is Python 3.9, and it needs 3.11 or newer" in done.stderr


def test_without_a_task_the_two_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main([]) == 2
    assert start.main(["--help"]) == 0
    assert "python3 tools/start.py demo" in capsys.readouterr().out


def test_the_demo_is_refused_on_macos_before_anything_is_made(
    made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SystemExit, match="for darwin are not built yet"):
        start.main(["demo"])
    assert made == []


def test_without_root_the_exact_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "missing_packages", lambda task: ["xvfb", "libxcb1"])
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as caught:
        start.install_system_packages("demo")
    command = "sudo apt-get update && sudo apt-get install -y --no-install-recommends xvfb libxcb1"
    assert str(caught.value).endswith(f"Run this, then start again:\n  {command}")


def test_a_demo_on_a_real_screen_needs_no_virtual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    monkeypatch.setenv("DISPLAY", ":0")
    assert not {"xvfb", "openbox", "supertux"} & set(start.missing_packages("demo"))
    monkeypatch.delenv("DISPLAY")
    assert {"xvfb", "openbox"} <= set(start.missing_packages("demo"))
    assert {"xvfb", "openbox", "xdotool", "ffmpeg", "supertux", "extremetuxracer"} <= set(
        start.missing_packages("test")
    )


@pytest.mark.parametrize(("system", "asked"), [("debian", True), ("ubuntu", False), ("", True)])
def test_ubuntu_is_not_asked_for_the_package_that_it_has_as_a_snap_alone(
    system: str, asked: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def release() -> dict[str, str]:
        if not system:
            raise OSError("no /etc/os-release")
        return {"ID": system}

    monkeypatch.setattr("shutil.which", lambda program: None)
    monkeypatch.setattr("platform.freedesktop_os_release", release)
    missing = start.missing_packages("test")
    assert {"obs-studio", "supertux"} <= set(missing)
    assert ("chromium" in missing) is asked
    assert ("the tests that need it are skipped" in capsys.readouterr().out) is not asked


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The environments that are made, none of them really; the project's is `tmp_path`/.venv."""
    environments: list[Path] = []
    monkeypatch.setattr(start, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(start, "PYTHON", tmp_path / ".venv" / "python")
    monkeypatch.setattr("venv.create", lambda folder, with_pip: environments.append(folder))
    return environments


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (f"echo 'pip 26.3 from pip (python {sys.version_info[0]}.{sys.version_info[1]})'", True),
        ("echo 'pip 26.3 from pip (python 3.9)'", False), ("exit 1", False), ("", False),
    ],
)  # fmt: skip
def test_an_environment_of_another_python_is_made_anew(answer: str, is_kept: bool, made: list[Path]) -> None:
    start.VENV.mkdir()
    if answer:
        start.PYTHON.write_text(f"#!/bin/sh\n{answer}\n")
        start.PYTHON.chmod(0o700)
    else:
        start.PYTHON.symlink_to("gone")  # by an upgrade of the system
    start.make_environment()
    assert start.VENV.exists() is is_kept
    assert made == ([] if is_kept else [start.VENV])


@pytest.mark.parametrize(
    "error", [OSError(30, "Read-only file system"), subprocess.CalledProcessError(1, "ensurepip")], ids=str
)
def test_where_no_environment_can_be_made_it_is_said_what_to_do(
    error: Exception, made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, with_pip: bool) -> None:
        raise error

    monkeypatch.setattr("venv.create", refuse)
    with pytest.raises(SystemExit) as caught:
        start.make_environment()
    assert str(caught.value).startswith(f"Setting up Reskin: {start.VENV} cannot be made: {error}. Copy this folder to")


def test_requirements_are_installed_only_when_they_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], folder: Path | None = None) -> int:
        commands.append([str(part) for part in command])
        return 0

    (tmp_path / "tools").mkdir()
    assert start.REQUIREMENTS["test"].index(start.KERNELS) > start.REQUIREMENTS["test"].index(start.TRAIN)
    for name in (start.CORE, start.TRAIN, start.KERNELS):
        (tmp_path / "tools" / name).write_text("numpy")
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "STAMPS", tmp_path / "stamps.json")
    monkeypatch.setattr(start, "run", run)
    for _ in range(2):
        start.install_requirements(start.CORE)
        start.install_requirements(start.TRAIN)
        start.install_requirements(start.KERNELS)  # torch's own triton must not come back with it
    assert [command[-1].rpartition("/")[2] for command in commands] == [start.CORE, start.TRAIN, start.KERNELS]
    assert ["--no-deps" in command for command in commands] == [True, False, True]
    (tmp_path / "tools" / start.CORE).write_text("numpy==2")
    start.install_requirements(start.CORE)
    assert len(commands) == 4


@pytest.mark.parametrize("ending", [subprocess.TimeoutExpired("sleep", 10), KeyboardInterrupt(), 0])
def test_ctrl_c_ends_the_child_and_is_all_that_comes_of_it(ending: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the child needs too long, or Ctrl-C is pressed again."""
    done: list[str] = []

    class Child:
        def __init__(self, *arguments: object, **options: object) -> None: ...

        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:
                raise KeyboardInterrupt
            done.append("waited")
            if isinstance(ending, BaseException):
                raise ending
            return 0

        def kill(self) -> None:
            done.append("killed")

    monkeypatch.setattr(subprocess, "Popen", Child)
    with pytest.raises(KeyboardInterrupt):
        start.run(["sleep"])
    assert done == ["waited", "killed"]


def test_every_dependency_of_the_project_is_pinned() -> None:
    def names(lines: list[str]) -> set[str]:
        return {line.split(">")[0].split("=")[0].strip().lower().replace("_", "-") for line in lines}

    project = tomllib.loads((start.ROOT / "pyproject.toml").read_text())
    wanted = {
        start.CORE: project["project"]["dependencies"],
        start.TRAIN: project["project"]["optional-dependencies"]["train"],
        start.TEST: project["dependency-groups"]["dev"],
        start.KERNELS: [line for line in project["project"]["optional-dependencies"]["gpu"] if "triton" in line],
    }
    for name, dependencies in wanted.items():
        lines = [line for line in (start.ROOT / "tools" / name).read_text().splitlines() if line and line[0] != "#"]
        assert all("==" in line for line in lines)
        assert names(dependencies) <= names(lines), name


def test_the_extra_for_a_gpu_leaves_the_version_of_triton_to_torch() -> None:
    """Each of torch's CUDA builds pins its own; a second pin can never be met."""
    extras = tomllib.loads((start.ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (triton,) = (line for line in extras["gpu"] if line.startswith("triton"))
    assert "==" not in triton.partition(";")[0]


CHECKS = (
    "ruff check", "ruff format", "mypy", "mypy for Windows", "pytest on every core", "pytest of what keeps time",
)  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "arguments", "failed"),
    [
        ([0, 0, 0, 0, 0, 0], [], ""),
        ([0, 0, 0, 0, start.NO_TESTS, 0], ["-k", "sink"], ""),  # what was asked for lies in one half
        ([0, 0, 0, 0, 0, start.NO_TESTS], ["-k", "sink"], ""),
        ([0, 0, 0, 0, start.NO_TESTS, start.NO_TESTS], ["-k", "sink"], "pytest, for no test was chosen"),
        ([0, 0, 0, 0, start.NO_TESTS, 0], [], "pytest on every core"),  # nobody asked for a part: tests are lost
        ([0, 0, 0, 0, 0, start.NO_TESTS], [], "pytest of what keeps time"),
        ([1, 0, 0, 0, 0, 0], [], "ruff check"),
        ([start.NO_TESTS, 0, 0, 0, 0, 0], ["-k", "sink"], "ruff check"),
        ([0, 0, 0, 1, 0, 0], [], "mypy for Windows"),
        ([0, 0, 0, 0, 1, 0], [], "pytest on every core"),
        ([0, 0, 0, 0, start.NO_TESTS, 1], ["-k", "sink"], "pytest of what keeps time"),
    ],
)
def test_every_check_runs_and_any_failure_is_named(
    statuses: list[int],
    arguments: list[str],
    failed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left, commands = dict(zip(CHECKS, statuses, strict=True)), []

    def run_check(name: str, command: list[str]) -> int:
        commands.append(command)
        return left.pop(name)

    monkeypatch.setattr(start, "run_check", run_check)
    monkeypatch.setattr(
        start, "run_unheard", lambda commands: {name: (left.pop(name), "its text") for name in commands}
    )
    assert start.run_tests(arguments) == int(bool(failed))
    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith(f"== failed: {failed}" if failed else "== all checks passed: ")
    assert "== mypy\nits text\n" in said
    assert not left
    halves = zip(commands[2:], start.HALVES.values(), strict=True)
    assert all(command[-len(half) - len(arguments) :] == [*arguments, *half] for command, half in halves)


def test_what_was_skipped_is_told_by_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the real pytest, over tests of which some cannot run."""
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "@pytest.mark.skipif(True, reason='not run: no <GPU> here')\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_on_a_gpu(n): ...\n"
        "def test_without(): ...\n"
    )
    (tmp_path / "test_none.py").write_text("import pytest\npytest.importorskip('no_such_package')\n")
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(start, "HALVES", {"one": ["-p", "no:xdist", str(tmp_path)], "other": [str(tmp_path / "gone")]})
    monkeypatch.setattr(start, "run_unheard", lambda commands: {})
    run_check = start.run_check
    monkeypatch.setattr(
        start, "run_check", lambda name, command: run_check(name, command) if "pytest" in command else 0
    )
    assert start.run_tests([]) == 1  # the other half has no such file
    told = capsys.readouterr().out.partition("== one: 3 skipped\n")[2].splitlines()
    assert "- 2: not run: no <GPU> here" in told
    assert any(line.startswith("- 1: ") and "no_such_package" in line for line in told)
    assert told[-1] == "== failed: other"


def test_a_half_that_was_ended_before_its_report_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start.tell_skipped({"one": tmp_path / "none.xml"})
    assert "== one: it wrote no report, so what it skipped is not known" in capsys.readouterr().out


def test_after_ctrl_c_nothing_more_begins_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The executor waits for its thread, so a second mypy would keep the terminal for a minute."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        with pytest.raises(KeyboardInterrupt):
            start.interrupted(signal.SIGINT, None)
        return subprocess.CompletedProcess(command, 2, "Interrupted")

    monkeypatch.setattr(start, "INTERRUPTED", threading.Event())
    monkeypatch.setattr(subprocess, "run", run)
    assert start.run_unheard({"mypy": ["a"], "mypy for Windows": ["b"]}) == {"mypy": (2, "Interrupted")}


def test_what_runs_beside_is_heard_afterwards() -> None:
    found = start.run_unheard(
        {"good": [sys.executable, "-c", "print('ok')"], "bad": [sys.executable, "-c", "print(1/0)"]}
    )
    assert found["good"] == (0, "ok")
    assert found["bad"][0] == 1
    assert found["bad"][1].endswith("division by zero")
