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
    assert all((package.ROOT / source).is_dir() for source in package.DATA)
    for name in package.BY_NAME:
        if name.startswith("reskin."):
            assert (package.ROOT / (name.replace(".", "/") + ".py")).exists(), name
