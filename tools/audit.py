"""Asks whether a known vulnerability is in a version that we pin: pip-audit, over every tools/requirements*.txt.

    python tools/audit.py

Exits with 0 when none is known, 1 when one is, and 3 when it could not be asked; `.ci/run` fails for 1 alone. pip-audit
is taken from where it lies (`pipx install pip-audit`), and asks PyPI's own interface. Standard library only.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
NOT_RUN = 3
LIMIT_S = 120.0


def main() -> int:
    program = shutil.which("pip-audit")
    if program is None:
        return not_run("pip-audit is not installed; `pipx install pip-audit`, or pip into an environment of its own")
    files = [part for path in sorted(TOOLS.glob("requirements*.txt")) for part in ("-r", str(path))]
    command = [program, "--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json", *files]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return not_run(f"pip-audit did not end within {LIMIT_S:.0f} s")
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return not_run(f"pip-audit said no result: {done.stderr.strip()[-300:]}")
    return tell(dependencies)


def tell(dependencies: list[dict[str, Any]]) -> int:
    """Of pip-audit's own list; a package that its service does not know was not audited, whatever its exit code."""
    skipped = [found for found in dependencies if "skip_reason" in found]
    audited = [found for found in dependencies if "skip_reason" not in found]
    if not audited:
        reasons = sorted({str(found["skip_reason"]).partition(":")[0] for found in skipped})
        return not_run(
            f"its service knew none of {len(skipped)} packages ({'; '.join(reasons) or 'it was given none'})"
        )
    for found in skipped:
        print(f"not audited: {found['name']}: {found['skip_reason']}")
    vulnerable = [found for found in audited if found["vulns"]]
    for found in vulnerable:
        for hole in found["vulns"]:
            fixed = ", ".join(hole.get("fix_versions", [])) or "nowhere yet"
            print(f"vulnerable: {found['name']} {found['version']}: {hole['id']}, fixed in {fixed}")
    print(f"dependency audit: {len(audited)} packages asked for, {len(vulnerable)} with a known vulnerability")
    return 1 if vulnerable else 0


def not_run(why: str) -> int:
    print(f"the dependency audit was not run: {why}")
    return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
