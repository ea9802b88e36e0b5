"""What the packaged program does besides `reskin`: it stands in for Python, for modules of its own alone."""

from __future__ import annotations

import sys

import pytest

from reskin import __main__ as program
from tools import package


def test_a_module_of_reskin_is_run_with_its_arguments_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr("runpy.run_module", lambda name, **_: ran.append((name, list(sys.argv))))
    monkeypatch.setattr(program, "main", lambda: ran.append(("reskin", list(sys.argv))))
    monkeypatch.setattr(sys, "argv", ["reskin.exe", "-m", "reskin.demo.game", "--size", "640x360"])
    program.packaged()
    monkeypatch.setattr(sys, "argv", ["reskin.exe", "themes"])
    program.packaged()
    assert ran == [
        ("reskin.demo.game", ["reskin.demo.game", "--size", "640x360"]),
        ("reskin", ["reskin.exe", "themes"]),
    ]
    monkeypatch.setattr(sys, "argv", ["reskin.exe", "-m", "http.server"])
    with pytest.raises(SystemExit, match=r"a module of Reskin's own"):
        program.packaged()


def test_the_recipe_names_what_is_there() -> None:
    found = {source: list(package.ROOT.glob(source)) for source in package.DATA}
    assert all(found.values())
    assert all(path.suffix == ".toml" for path in found["themes/*.toml"])  # no pictures of games
    folders = {path for paths in found.values() for path in paths if path.is_dir()}
    suffixes = (".html", ".css", ".js", ".txt", ".npz", ".jpg")
    files = [path for path in (package.ROOT / "reskin").rglob("*") if path.suffix in suffixes]
    assert [path for path in files if path.parent not in folders] == []
    for name in package.BY_NAME:
        if name.startswith("reskin."):
            assert (package.ROOT / (name.replace(".", "/") + ".py")).exists(), name
