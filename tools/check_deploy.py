"""Holds the files of tools/deploy against their schemas, and against each other.

    python -m tools.check_deploy

tools/deploy/schemas/README.md says what each is held against, and what that cannot find. The container file is only
read: nothing is built. Prints what is wrong, file by file; the exit status is 1 when anything is. Needs PyYAML,
jsonschema and kubernetes-validate; what Ray checks is left out, and said, where Ray is not installed.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml
from pydantic import ValidationError

from reskin.serve.cluster.config import ClusterConfig

FOLDER = Path(__file__).resolve().parent / "deploy"
ROOT = FOLDER.parent.parent
KUBERNETES = "1.37"
COMMANDS = {"ray", "serve", "reskin"}


def check(name: str, folder: Path = FOLDER) -> list[str]:
    """What is wrong with one of FILES."""
    text = (folder / name).read_text(encoding="utf-8")
    if name == "Containerfile":
        return list(_container(text))
    documents = list(yaml.safe_load_all(text))
    return [problem for document in documents for problem in CHECKS[name](document)]


def by_schema(document: Any, name: str) -> Iterator[str]:
    schema = json.loads((FOLDER / "schemas" / f"{name}{'' if name == 'compose-spec' else '.schema'}.json").read_text())
    document = {key: value for key, value in document.items() if not key.startswith("x-")}
    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
        yield f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"


def _compose(compose: dict[str, Any]) -> Iterator[str]:
    """By its schema, and what no schema knows: telemetry off, nothing allowed that is not needed, all there that is."""
    yield from by_schema(compose, "compose-spec")
    for name, service in compose["services"].items():
        if service.get("environment", {}).get("RAY_USAGE_STATS_ENABLED") != "0":
            yield f"{name}: Ray's usage statistics are not switched off"
        if service.get("cap_drop") != ["ALL"] or not service.get("read_only") or service.get("privileged"):
            yield f"{name}: it may do more than it needs"
        if service.get("tmpfs") != ["/tmp:exec"] or service["environment"].get("HOME") != "/tmp":
            yield f"{name}: Triton has no place from which what it compiles can be loaded"
        if "--spider" in service.get("healthcheck", {}).get("test", []):
            yield f"{name}: /health is asked by HEAD, which it does not answer"
        program = (service.get("entrypoint") or ["reskin"])[0]
        if program not in COMMANDS:
            yield f"{name}: {program} is no program of the image"


def _kubernetes(document: dict[str, Any]) -> Iterator[str]:
    if document["kind"] != "RayService":
        yield from _kubernetes_schema(document)
        return
    yield from by_schema(document, "rayservice")
    cluster = document["spec"]["rayClusterConfig"]
    config = yaml.safe_load(document["spec"]["serveConfigV2"])
    yield from (f"serveConfigV2: {problem}" for problem in _serve(config))
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        template = group["template"]
        name = template["spec"]["containers"][0]["name"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **template.get("metadata", {})},
               "spec": template["spec"]}  # fmt: skip
        yield from (f"{name}: {problem}" for problem in _kubernetes_schema(pod))
        variables = {item["name"]: item.get("value") for item in template["spec"]["containers"][0].get("env", [])}
        if variables.get("RAY_USAGE_STATS_ENABLED") != "0" or "disable-usage-stats" not in group["rayStartParams"]:
            yield f"{name}: Ray's usage statistics are not switched off"
        has_probe = "readinessProbe" in template["spec"]["containers"][0]
        if name == "ray-worker" and config["proxy_location"] == "HeadOnly" and not has_probe:
            yield f"{name}: KubeRay's own probe asks for a proxy that HeadOnly does not start there"


def _kubernetes_schema(document: dict[str, Any]) -> Iterator[str]:
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{document['kind']}: {'.'.join(str(part) for part in error.path)}: {error.message[:200]}"


def _serve(config: dict[str, Any]) -> Iterator[str]:
    """By Ray's own schema, where Ray is there; the arguments by ours."""
    if find_spec("ray") is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Ray's own, of pydantic
            from ray.serve.schema import ServeDeploySchema
        try:
            ServeDeploySchema.model_validate(config)
        except ValidationError as error:
            yield from (f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
    for application in config["applications"]:
        try:
            ClusterConfig.model_validate(application["args"])
        except ValidationError as error:
            yield from (f"args.{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        module = application["import_path"].partition(":")[0]
        if not (ROOT / f"{module.replace('.', '/')}.py").is_file():
            yield f"import_path: there is no {module}"


def _container(text: str) -> Iterator[str]:
    """What it copies is there, what it installs is named in pyproject.toml and can be compiled; it is not root's."""
    for names in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        yield from (f"COPY {name}: there is no such file" for name in names.split() if not (ROOT / name).exists())
    extras = re.search(r"^ARG EXTRAS=(\S+)$", text, re.MULTILINE)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in extras[1].split(",") if extras else ["(none)"]:
        if not re.search(rf"^{re.escape(extra)} = \[$", project, re.MULTILINE):
            yield f"EXTRAS: pyproject.toml has no extra {extra}"
    if not re.search(r"apt-get install .*\bgcc libc6-dev\b", text):
        yield "there is no compiler, which evdev's installation and Triton need"
    if not re.search(r"^USER [1-9]\d*$", text, re.MULTILINE):
        yield "it runs as root"
    if "install -d -o 1000 -g 1000 /data" not in text:
        yield "a volume on /data would be root's"
    if "RAY_USAGE_STATS_ENABLED=0" not in text:
        yield "Ray's usage statistics are not switched off"


CHECKS = {"compose.yaml": _compose, "rayservice.yaml": _kubernetes, "serve.yaml": _serve}
FILES = (*CHECKS, "Containerfile")


def main() -> int:
    found = {name: check(name) for name in FILES}
    for name, problems in found.items():
        print(f"{name}: {'as it should be' if not problems else ''}", *problems, sep="\n    " if problems else "")
    if find_spec("ray") is None:
        print("not checked: serveConfigV2 and serve.yaml by Ray's own schema (Ray is not installed)")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
