"""What a message tells to type: pip of the Python that runs, and the extra's own packages in a checkout."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from reskin import doctor, remedies

ROOT = Path(__file__).resolve().parent.parent.parent


def test_in_a_checkout_an_extra_is_named_by_its_packages_for_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install "reskin[serve]"` would fetch another's package of that name there."""
    monkeypatch.setattr(sys, "executable", "/checkout/.venv/bin/python")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for extra, packages in extras.items():
        told = remedies.install_command(extra)
        assert told.startswith("/checkout/.venv/bin/python -m pip install ")
        assert re.findall(r'"([^"]*)"', told) == packages


def test_an_installed_wheel_names_itself_and_the_packaged_program_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remedies, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "executable", r"C:\Program Files\Python\python.exe")
    (tmp_path / "pyproject.toml").touch()  # another's, in site-packages
    told = remedies.install_command("serve")
    assert told == r'"C:\Program Files\Python\python.exe" -m pip install "reskin[serve]"'
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert remedies.install_command("serve").startswith('python -m pip install ".[serve]" in the folder of Reskin')


def test_no_message_names_a_pip_that_may_be_another_pythons() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "reskin").rglob("*.py")
        if path.name != "remedies.py" and re.search(r"pip (un)?install", path.read_text(encoding="utf-8"))
    ]
    assert not bare


def test_a_package_is_put_back_without_its_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV's would bring a numpy that is newer than numba takes."""
    monkeypatch.setattr(doctor, "_version", lambda package: "1.0")
    notes = doctor._rival_notes()
    assert len(notes) == len(doctor.RIVALS)
    assert all("-m pip install --no-deps --force-reinstall " in note for note in notes)
