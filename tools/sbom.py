"""Writes what Reskin is made of as a CycloneDX list (SBOM), from the pinned requirements and pyproject.toml.

    python tools/sbom.py dist/reskin.cdx.json [requirements-train.txt ...]

Needs cyclonedx-py (`pipx install cyclonedx-bom`). Names, versions and where each comes from; the same input gives the
same output, so no time and no random number is in it. Standard library only.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent


def main(arguments: list[str]) -> int:
    program = shutil.which("cyclonedx-py")
    if not arguments or program is None:
        print((__doc__ or "").strip() if program else "cyclonedx-py is not installed: `pipx install cyclonedx-bom`")
        return 2 if program else 3
    target, more = Path(arguments[0]), arguments[1:]
    with tempfile.TemporaryDirectory() as folder:
        together = Path(folder) / "requirements.txt"
        files = ("requirements.txt", *more)
        together.write_text("".join((TOOLS / name).read_text(encoding="utf-8") for name in files), encoding="utf-8")
        command = [
            program, "requirements", str(together), "--pyproject", str(ROOT / "pyproject.toml"), "--mc-type",
            "application", "--output-reproducible", "--of", "JSON", "--validate", "-o", str(target.absolute()),
        ]  # fmt: skip
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        if subprocess.run(command, check=False).returncode != 0:
            return 1
    listed = json.loads(target.read_text(encoding="utf-8"))
    print(f"{target}: {listed['metadata']['component']['name']} and {len(listed['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
