"""The files of tools/deploy are what their schemas ask for, and the check finds what is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.check_deploy import FILES, FOLDER, check

CHANGES = {
    "a key that Compose does not know": ("compose.yaml", "    init: true", "    inits: true"),
    "a wrong type in Compose": ("compose.yaml", "  read_only: true", "  read_only: 3"),
    "Compose with telemetry": ("compose.yaml", 'RAY_USAGE_STATS_ENABLED: "0"', 'RAY_USAGE_STATS_ENABLED: "1"'),
    "nothing that Triton can load from": ("compose.yaml", "/tmp:exec", "/tmp"),
    "a probe that is never answered": ("compose.yaml", "-q, -O, /dev/null", "-q, --spider"),
    "an entrypoint that the image lacks": ("compose.yaml", "[serve, run,", "[serves, run,"),
    "a field that RayService does not have": ("rayservice.yaml", "maxReplicas: 8", "mostReplicas: 8"),
    "a number that must be text": ("rayservice.yaml", 'num-gpus: "8"', "num-gpus: 8"),
    "a pod's field misspelt": ("rayservice.yaml", "hostNetwork: true", "hostNetworks: true"),
    "a container's field of a wrong type": ("rayservice.yaml", "containerPort: 6379", "containerPort: gcs"),
    "a policy's field misspelt": ("rayservice.yaml", "podSelector:", "podsSelector:"),
    "a worker that is never ready": ("rayservice.yaml", "readinessProbe:", "startupProbe:"),
    "Kubernetes with telemetry": (
        "rayservice.yaml",
        '        disable-usage-stats: "true"\n      template',
        "      template",
    ),
    "an argument of ours that is not there": ("serve.yaml", "most_replicas", "maximal_replicas"),
    "an application that is not there": ("serve.yaml", "cluster.app:build", "cluster.apps:build"),
    "a file that is not there": ("Containerfile", "COPY themes", "COPY theme"),
    "root": ("Containerfile", "USER 1000", ""),
    "no compiler": ("Containerfile", "gcc libc6-dev", ""),
    "a volume of root's": ("Containerfile", "install -d -o 1000 -g 1000 /data", "mkdir /data"),
}


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str, str], Path]:
    def change(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "deploy"
        shutil.copytree(FOLDER, folder)
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_as_it_should_be(name: str) -> None:
    assert check(name) == []


@pytest.mark.parametrize("what", CHANGES)
def test_the_check_finds(what: str, changed: Callable[[str, str, str], Path]) -> None:
    name, old, new = CHANGES[what]
    assert check(name, changed(name, old, new))
