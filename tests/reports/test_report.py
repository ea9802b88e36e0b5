"""One zip, without a name, a title or a picture, also where the doctor fails."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin import report
from reskin.cli import cli
from reskin.errors import ReskinError
from reskin.redact import Redactor
from tests.games import Game


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Mary's home, with logs and settings that name her."""
    home = tmp_path / "mary"
    (home / "log").mkdir(parents=True)
    monkeypatch.setenv("RESKIN_HOME", str(home))
    (home / "log" / "app.log.1").write_text("".join(f"old line {number} of mary\n" for number in range(299)))
    (home / "log" / "app.log").write_text(f"opened {home}/themes/x.toml\nnewest line\n")
    (home / "log" / "engine-fault.txt").write_text(f'Segmentation fault\n  File "{home}/x.py", line 1\n')
    (home / "log" / "running-1.json").write_text("{}")
    (home / "settings.toml").write_text(f'screenshots = "{home}/shots"\n')
    return home


def texts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_zip_tells_of_the_machine_and_not_of_its_owner(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor = json.dumps({"versions": {"reskin": "0.1.0"}, "files": {"settings": str(home / "settings.toml")}})
    monkeypatch.setattr(report, "_doctor", lambda: doctor)
    redactor = Redactor(homes=(str(home),), users=("mary",), machine="marys-pc")
    names = report.write_report(home / "out.zip", redactor=redactor)
    found = texts(home / "out.zip")
    assert list(found) == names == [
        "README.txt", "doctor.json", "settings.toml", "log/app.log", "log/engine-fault.txt",
    ]  # fmt: skip
    assert "mary" not in json.dumps(found).lower()
    assert json.loads(found["doctor.json"])["files"]["settings"] == "~/settings.toml"
    assert 'screenshots = "~/shots"' in found["settings.toml"]
    lines = found["log/app.log"].splitlines()
    assert len(lines) == report.LOG_LINES
    assert lines[0] == "old line 1 of <user>"
    assert lines[-2:] == ["opened ~/themes/x.toml", "newest line"]
    assert "Not in it: pictures, and the titles of windows" in found["README.txt"]


def test_a_doctor_that_crashes_is_in_the_report(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    report.write_report(home / "out.zip")
    assert json.loads(texts(home / "out.zip")["doctor.json"])["failed"] == "exit code 1"
    with pytest.raises(ReskinError, match="--out"):
        report.write_report(home / "no" / "out.zip")


def test_the_packaged_program_is_asked_for_its_doctor_without_the_options_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "reskin"
    program.write_text('#!/bin/sh\necho "$*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    assert report._doctor() == "-X faulthandler -m reskin doctor --json\n"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert report._doctor() == "doctor --json\n"


def test_titles_are_in_it_only_when_asked_for_and_the_doctor_is_whole(
    home: Path, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, has_titles in (([], False), (["--with-titles"], True)):
        path = home / f"titles-{has_titles}.zip"
        result = CliRunner().invoke(cli, ["report", "--out", str(path), *arguments])
        assert result.exit_code == 0, result.output
        assert "Nothing was sent anywhere" in result.stdout
        found = texts(path)
        assert any("Tux Test" in text for text in found.values()) == has_titles
        assert json.loads(found["doctor.json"])["parts"][0]["chosen"] == "XComposite + MIT-SHM"
        monkeypatch.setattr(report, "_doctor", lambda said=found["doctor.json"]: said)  # it takes seconds
