"""What the dependency audit makes of pip-audit's answers (nobody is asked here), and whether SECURITY.md is true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tools import audit

ROOT = Path(__file__).resolve().parent.parent
CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
HOLED = {"name": "av", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)"}


@pytest.mark.parametrize(
    ("dependencies", "status", "said"),
    [
        ([CLEAN], 0, "1 packages asked for, 0 with a known vulnerability"),
        ([CLEAN, HOLED], 1, "vulnerable: av 1.0: PYSEC-1, fixed in 1.1"),
        ([CLEAN, UNKNOWN], 0, "not audited: six"),
        ([UNKNOWN, UNKNOWN], audit.NOT_RUN, "was not run: its service knew none of 2 packages"),
        ([], audit.NOT_RUN, "it was given none"),
    ],
)
def test_only_what_was_asked_counts_as_audited(
    dependencies: list[dict[str, Any]], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.tell(dependencies) == status
    assert said in capsys.readouterr().out


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_without_the_program_it_says_that_it_was_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert audit.main() == audit.NOT_RUN
    assert "was not run: pip-audit is not installed" in capsys.readouterr().out
