"""Writes what Reskin is made of as a CycloneDX list (SBOM), from the pinned requirements and pyproject.toml.

    python tools/sbom.py dist/reskin.cdx.json [requirements-train.txt ...]

Needs cyclonedx-py (`pipx install cyclonedx-bom`). Names, versions, where each comes from, and the licences that those
which are installed here in that version declare: run it with the Python that `tools/start.py` filled. The same input
gives the same output, so no time, no path and no random number is in it. Standard library only.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
LONGEST_NAME = 60  # some packages put the whole text there


def main(arguments: list[str]) -> int:
    program = shutil.which("cyclonedx-py")
    if not arguments or arguments[0].startswith("-") or program is None:
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
    components = listed["components"]
    for component in components:
        if licences := licences_of(component["name"], component["version"]):
            component["licenses"] = licences
    target.write_text(json.dumps(listed, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    unknown = sum("licenses" not in component for component in components)
    name = listed["metadata"]["component"]["name"]
    print(f"{target}: {name} and {len(components)} components, the licences of {unknown} are not known here")
    return 0


def licences_of(name: str, version: str) -> list[dict[str, Any]]:
    """As CycloneDX has them; empty where this very version is not installed, or says nothing."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if told["Version"] != version:
        return []
    if "License-Expression" in told:
        return [{"expression": told["License-Expression"]}]
    begin = "License :: "
    names = {line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith(begin)}
    free = (told["License"] or "").strip()
    if not names and free and len(free) <= LONGEST_NAME and "\n" not in free:
        names = {free}
    return [{"license": {"name": name}} for name in sorted(names)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
