"""The list of what Reskin is made of. cyclonedx-py is rarely installed, so a stand-in lists what it was given."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tools import sbom

STAND_IN = """
import json, re, sys
asked = sys.argv[1:]
assert asked[0] == "requirements" and asked[asked.index("--of") + 1] == "JSON"
pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^;\\s]+)", open(asked[1]).read(), re.MULTILINE)
components = [{"name": name, "version": version} for name, version in pins]
listed = {"bomFormat": "CycloneDX", "metadata": {"component": {"name": "reskin"}}, "components": components}
open(asked[asked.index("-o") + 1], "w").write(json.dumps(listed))
"""


@pytest.fixture(params=["stand-in", "cyclonedx-py"])
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "cyclonedx-py":
        if shutil.which(request.param) is None:
            pytest.skip("not run: cyclonedx-py is not installed; pipx install cyclonedx-bom")
        return
    if os.name == "nt":
        pytest.skip("not run: the stand-in is started by its first line, which Windows does not read")
    path = tmp_path / "bin" / "cyclonedx-py"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable} -S\n{STAND_IN}")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("program")
def test_the_list_is_cyclonedx_and_names_the_versions_that_are_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "dist" / "reskin.cdx.json"
    assert sbom.main([str(target), "requirements-train.txt"]) == 0
    listed = json.loads(target.read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    versions = {component["name"]: component["version"] for component in listed["components"]}
    assert versions["numpy"] == version("numpy")
    assert "torch" in versions, "the second file is in it"
    licences = {component["name"]: component.get("licenses") for component in listed["components"]}
    assert licences["click"] == [{"expression": "BSD-3-Clause"}]
    assert licences["pynput"] == [{"license": {"name": "GNU Lesser General Public License v3 (LGPLv3)"}}]
    assert f"reskin and {len(listed['components'])} components" in capsys.readouterr().out
    for ours in (tmp_path, sbom.ROOT, Path.home(), Path(sys.prefix)):
        assert f'"{ours}' not in target.read_text(encoding="utf-8"), "nothing of this machine"


def test_a_program_that_is_missing_or_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "reskin.cdx.json"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert sbom.main([str(target)]) == 3
    assert "cyclonedx-py is not installed" in capsys.readouterr().out
    failing = tmp_path / "fails"
    failing.write_text("#!/bin/sh\nexit 4\n")
    failing.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(failing))
    assert sbom.main([]) == 2
    assert sbom.main([str(target)]) == 1
    assert not target.exists()
