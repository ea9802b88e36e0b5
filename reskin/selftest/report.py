"""What the self-test leaves: one JSON file and one picture, to send along with a bug report.

No titles of windows, no home folder, no name of the user or the machine (`reskin.redact`); the pictures show the
marker game's window alone.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reskin.errors import ReskinError
from reskin.picture_file import write_picture
from reskin.redact import Redactor, without_titles
from reskin.selftest.run import Outcome

JSON_NAME, PICTURE_NAME = "reskin-selftest.json", "reskin-selftest.png"
_CELL_PX = (640, 360)  # (w, h)
_BAR_PX = 28


def contents(outcomes: list[Outcome], redactor: Redactor | None = None) -> dict[str, Any]:
    """Plain data: the outcomes beside what the machine is."""
    from reskin import doctor

    facts, redact = doctor.facts(), redactor or Redactor()
    return {
        "reskin selftest": 1,  # of this format
        "ok": all(outcome.state == "ok" for outcome in outcomes),
        "system": platform.platform(),
        "machine": _redacted(
            {name: facts["machine"][name] for name in ("processor", "cpu_cores", "networks", "nvidia")}, redact
        ),
        "versions": facts["versions"],
        "checks": [
            asdict(outcome) | {
                "text": redact.text(without_titles(outcome.text)), "figures": _redacted(outcome.figures, redact)
            }
            for outcome in outcomes
        ],
    }  # fmt: skip


def _redacted(values: Mapping[str, Any], redact: Redactor) -> dict[str, Any]:
    return {name: redact.text(value) if isinstance(value, str) else value for name, value in values.items()}


def write(folder: Path, outcomes: list[Outcome], pictures: dict[str, np.ndarray]) -> tuple[Path, Path | None]:
    """The two files; the second is None when there is no picture. ReskinError when they cannot be written."""
    path = folder / JSON_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(contents(outcomes), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ReskinError(f"writing {path}: {error.strerror}. Give another folder: --out FOLDER.") from error
    if not pictures:
        return path, None
    write_picture(folder / PICTURE_NAME, sheet(pictures))
    return path, folder / PICTURE_NAME


def sheet(pictures: dict[str, np.ndarray]) -> np.ndarray:
    """(h, w, 3): the pictures beside each other, each under its name."""
    w, h = _CELL_PX
    cells = []
    for name, bgr in pictures.items():
        cell = np.full((h + _BAR_PX, w, 3), 24, np.uint8)
        cv2.putText(cell, name, (8, 20), cv2.FONT_HERSHEY_DUPLEX, 0.6, (235, 235, 235), 1, cv2.LINE_AA)
        cell[_BAR_PX:] = cv2.resize(np.ascontiguousarray(bgr), (w, h), interpolation=cv2.INTER_AREA)
        cells.append(cell)
    return np.hstack(cells)
