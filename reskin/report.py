"""`reskin report`: one zip to attach to an issue. Versions, the doctor's findings, settings, the ends of the logs.

No pictures, and titles of windows only where they are asked for; the home folder, the user's and the machine's name
are replaced. Nothing is sent anywhere. The doctor runs in a process of its own: what crashed Reskin may crash it too.
"""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import reskin
from reskin.errors import ReskinError
from reskin.log import log_folder
from reskin.redact import Redactor
from reskin.remedies import is_packaged

LOG_LINES = 300  # the last, of each log
FAULT_LINES = 200
DOCTOR_LIMIT_S = 90.0
NOT_IN_IT = "Not in it: pictures, and the titles of windows."
README = """A report of Reskin {version}, made {when} with Python {python} on {system}.

In it: what `reskin doctor` finds, the settings in effect, the last {lines} lines of each log, and the
stacks that a crash has left. {left_out}
The home folder is written ~, the user's name <user>, the machine's name <machine>. It is plain text:
look through it before you attach it to an issue. Nothing was sent anywhere.
"""


def default_name() -> Path:
    return Path(f"reskin-report-{datetime.now():%Y%m%d-%H%M%S}.zip")


def write_report(path: Path, *, with_titles: bool = False, redactor: Redactor | None = None) -> list[str]:
    """Writes the zip, and returns the names of what is in it; ReskinError when it cannot be written."""
    redact = (redactor or Redactor()).text
    texts = {
        "README.txt": README.format(
            version=reskin.__version__, when=f"{datetime.now():%Y-%m-%d %H:%M}", python=platform.python_version(),
            system=platform.platform(), lines=LOG_LINES,
            left_out="There are titles of windows in it." if with_titles else NOT_IN_IT,
        ),
        "doctor.json": _doctor(),
        "settings.toml": _settings(),
        **_logs(log_folder()),
        **({"titles.txt": _titles()} if with_titles else {}),
    }  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, redact(text))
    try:
        path.write_bytes(packed.getvalue())
    except OSError as error:
        raise ReskinError(f"writing the report {path}: {error.strerror}. Give another place with --out.") from error
    return list(texts)


def _doctor() -> str:
    """Its JSON, or how it failed."""
    python = () if is_packaged() else ("-X", "faulthandler", "-m", "reskin")
    command = [sys.executable, *python, "doctor", "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=DOCTOR_LIMIT_S,
            check=False, env={**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return json.dumps({"failed": f"reskin doctor did not end within {DOCTOR_LIMIT_S:.0f} s"}, indent=2)
    if done.returncode == 0:
        return done.stdout
    return json.dumps({"failed": f"exit code {done.returncode}", "said": done.stderr[-4000:]}, indent=2)


def _settings() -> str:
    from reskin.settings import commented_settings, load_settings

    try:
        return commented_settings(load_settings())
    except ReskinError as error:
        return f"# they cannot be used: {error}\n"


def _logs(folder: Path) -> dict[str, str]:
    """The ends of the logs and of what crashes have left, by their names in the zip."""
    found = {}
    for pattern, lines in (("*.log", LOG_LINES), ("*-fault.txt", FAULT_LINES)):
        for path in sorted(folder.glob(pattern)):
            older = path.with_name(f"{path.name}.1")  # the newest may have just begun
            texts = [_read(part) for part in (older, path) if part.exists()]
            found[f"log/{path.name}"] = "\n".join("".join(texts).splitlines()[-lines:]) + "\n"
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"(cannot be read: {error.strerror})\n"


def _titles() -> str:
    from reskin.platforms import list_windows

    try:
        return "\n".join(str(window) for window in list_windows()) + "\n"
    except ReskinError as error:
        return f"{error}\n"
