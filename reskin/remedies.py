"""What to do about an installation that lacks something, in the words of every message that says so.

A checkout that tools/start.py set up is no installed package: `pip install "reskin[...]"` would fetch whatever has that
name elsewhere. Imports nothing of weight, for every command imports it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pip(arguments: str) -> str:
    """A line to type: pip of the Python that runs now, since another's would install elsewhere."""
    python = "python" if is_packaged() else sys.executable
    python = f'"{python}"' if " " in python else python  # quoted only then: PowerShell takes a quoted one for a text
    return f"{python} -m pip {arguments}"


def install_command(extra: str) -> str:
    """A line to type: it adds the packages of one extra of pyproject.toml to the Python that runs now."""
    if is_packaged():
        return pip(f'install ".[{extra}]"') + " in the folder of Reskin's source: the packaged program takes none in"
    wanted = [f"reskin[{extra}]"]
    if (ROOT / "tools" / "start.py").is_file():  # a checkout
        import tomllib

        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        wanted = project["optional-dependencies"][extra]
    return pip(" ".join(["install", *(f'"{requirement}"' for requirement in wanted)]))


def cache_remedy(error: Exception) -> str:
    """What to add to the text of an error by which numba finds no folder for its compiled kernels; else nothing."""
    return "; set NUMBA_CACHE_DIR to a folder that can be written" if "no locator available" in str(error) else ""


def is_packaged() -> bool:
    """By PyInstaller: `sys.executable` is the program itself then, and knows no options of Python."""
    return bool(getattr(sys, "frozen", False))
