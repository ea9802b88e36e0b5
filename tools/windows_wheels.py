"""Checks the calls that Reskin makes of dxcam and windows-capture against their newest wheels for Windows.

    python -m tools.windows_wheels [--folder KEEP]

Neither can be installed here, so their sources are read out of the wheels (pip downloads them; nothing is kept unless
asked). Every function that is called must be there and take the parameters that we give it, and the shipped fakes must
have the same signatures as the real ones, defaults too. Exit status 1 names each that differs.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reskin.platforms.windows.fake.captures import FakeCamera, FakeDxcam, FakeSession, FakeWindowsCapture

PACKAGES = ("dxcam", "windows-capture")
PYTHON = "3.11"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A function of a wheel as it is called: `name` is dotted inside its file; `fake` is our stand-in for it."""

    file: str
    name: str
    given: tuple[str, ...] = ()
    fake: Callable[..., Any] | None = None


CALLS = (
    Call(
        file="dxcam/__init__.py", name="create", fake=FakeDxcam.create,
        given=("device_idx", "output_idx", "output_color", "backend", "processor_backend"),
    ),
    Call(file="dxcam/dxcam.py", name="DXCamera.grab", given=("region", "copy", "new_frame_only"), fake=FakeCamera.grab),
    Call(file="dxcam/dxcam.py", name="DXCamera.start", fake=FakeCamera.start),
    Call(file="dxcam/dxcam.py", name="DXCamera.get_latest_frame", fake=FakeCamera.get_latest_frame),
    Call(file="dxcam/dxcam.py", name="DXCamera.release", fake=FakeCamera.release),
    Call(file="dxcam/dxcam.py", name="DXCamera.is_released"),
    Call(file="dxcam/core/output.py", name="Output.update_desc"),
    Call(file="dxcam/core/output.py", name="Output.devicename"),
    Call(
        file="windows_capture/__init__.py", name="WindowsCapture.__init__", fake=FakeWindowsCapture.WindowsCapture,
        given=(
            "cursor_capture", "draw_border", "secondary_window", "minimum_update_interval", "dirty_region",
            "window_hwnd",
        ),
    ),
    Call(file="windows_capture/__init__.py", name="WindowsCapture.event", given=("handler",), fake=FakeSession.event),
    Call(
        file="windows_capture/__init__.py", name="WindowsCapture.start_free_threaded",
        fake=FakeSession.start_free_threaded,
    ),
    Call(file="windows_capture/__init__.py", name="CaptureControl.is_finished", fake=FakeSession.is_finished),
    Call(file="windows_capture/__init__.py", name="CaptureControl.stop", fake=FakeSession.stop),
    Call(file="windows_capture/__init__.py", name="Frame.__init__", given=("frame_buffer",)),
)  # fmt: skip

# What is read or relied upon that is no function: a text that must stand in the file.
TEXTS = (
    ("dxcam/__init__.py", "__factory = DXFactory()"),  # which screen belongs to which output is asked of it
    ("dxcam/__init__.py", "self.outputs: list[list[Output]]"),
    ("windows_capture/__init__.py", 'handler.__name__ == "on_frame_arrived"'),
    ("windows_capture/__init__.py", 'handler.__name__ == "on_closed"'),
    ("windows_capture/__init__.py", "self.frame_handler(frame, internal_capture_control)"),
)


def download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--platform", "win_amd64", "--python-version", PYTHON, "--dest", str(folder), *PACKAGES]
    subprocess.run(command, check=True)


def sources(folder: Path) -> dict[str, str]:
    """Path inside the wheel to text, of every Python file in the wheels of a folder."""
    found: dict[str, str] = {}
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".py")]
            found |= {name: archive.read(name).decode("utf-8") for name in names}
    return found


def differences(texts: dict[str, str]) -> Iterator[str]:
    """What of the wheels is not as we call it; nothing when all is well."""
    for call in CALLS:
        where = f"{call.file}: {call.name}"
        function = find(texts.get(call.file, ""), call.name)
        if function is None:
            yield f"{where} is not there any more"
            continue
        parameters = signature_of(function)
        yield from (f"{where} takes no {name!r} any more" for name in call.given if name not in parameters)
        if call.fake is not None and (fake := signature_of_fake(call.fake)) != parameters:
            yield f"{where} takes {parameters}, its fake {fake}"
    for file, text in TEXTS:
        if text not in texts.get(file, ""):
            yield f"{file}: {text!r} does not stand there any more"


def find(text: str, dotted: str) -> ast.FunctionDef | None:
    """The last definition of that name: the ones before are overloads."""
    nodes: list[ast.stmt] = ast.parse(text).body
    *classes, name = dotted.split(".")
    for wanted in classes:
        nodes = next((node.body for node in nodes if isinstance(node, ast.ClassDef) and node.name == wanted), [])
    return next((node for node in reversed(nodes) if isinstance(node, ast.FunctionDef) and node.name == name), None)


def signature_of(function: ast.FunctionDef) -> dict[str, str]:
    """Parameter to its default as text, "" for none; without self."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    shown = [ast.unparse(value) for value in arguments.defaults]
    shown += [ast.unparse(value) if value is not None else "" for value in arguments.kw_defaults]
    defaults = [""] * (len(names) - len(shown)) + shown
    return {name: default for name, default in zip(names, defaults, strict=True) if name != "self"}


def signature_of_fake(function: Callable[..., Any]) -> dict[str, str]:
    return {
        name: "" if parameter.default is parameter.empty else repr(parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the wheels here; those that are there are read, not fetched")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        if not list(place.glob("*.whl")):
            download(place)
        wheels = [wheel.name for wheel in sorted(place.glob("*.whl"))]
        found = list(differences(sources(place)))
    print("\n".join([*wheels, *found] if found else [*wheels, f"all {len(CALLS)} calls are as they are made"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
