"""The list that lies beside weights that ship: of each file its SHA-256 and bytes, and of an ONNX model its ports.

A file that the list knows must be as it says; one in the folder that ships must be in it. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"  # name -> sha256, bytes; of an ONNX model inputs and outputs too
SHIPPED = Path(__file__).resolve().parent / "weights"
CHECK = "Take the file that ships with Reskin"


class ManifestError(ValueError):
    """A file that is not the one in the list, or a list that is none."""


def known_file(path: Path) -> dict[str, Any] | None:
    """What the list beside a file says of it; None where it may be any. ManifestError."""
    manifest = path.parent / MANIFEST
    known = _entry(manifest, path.name) if manifest.is_file() else None
    if known is None and path.parent == SHIPPED and ".part" not in path.suffixes:  # those are being exported
        raise ManifestError(f"{path}: {MANIFEST} beside it does not know it. {CHECK}")
    return known


def check_file(path: Path) -> None:
    """As `check_content`, for what is too large to be held. ManifestError, OSError."""
    known = known_file(path)
    if known is not None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        _compare(path, path.stat().st_size, digest, known)


def check_content(path: Path, content: bytes) -> None:
    """ManifestError where the list beside a file knows other bytes."""
    known = known_file(path)
    if known is not None:
        _compare(path, len(content), hashlib.sha256(content).hexdigest(), known)


def note_file(path: Path, **more: Any) -> None:
    """Brings the list beside a file that was just written up to date with it; does nothing where there is no list."""
    manifest = path.parent / MANIFEST
    if not manifest.exists():
        return
    content = path.read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), **more}
    entries = json.loads(manifest.read_text(encoding="utf-8")) | {path.name: entry}
    manifest.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _entry(manifest: Path, name: str) -> dict[str, Any] | None:
    needed = {"sha256", "bytes", *(("inputs", "outputs") if name.endswith(".onnx") else ())}
    try:
        known = json.loads(manifest.read_text(encoding="utf-8")).get(name)
        if known is None or needed <= known.keys():
            return known
    except (ValueError, AttributeError, RecursionError) as error:
        raise ManifestError(f"{manifest}: not a manifest of weights ({error}). {CHECK}") from error
    raise ManifestError(f"{manifest}: what it says of {name} is not whole. {CHECK}")


def _compare(path: Path, size: int, digest: str, known: dict[str, Any]) -> None:
    if size != known["bytes"]:
        raise ManifestError(f"{path}: {size} bytes, expected {known['bytes']}: it is not whole. {CHECK}")
    if digest != known["sha256"]:
        raise ManifestError(
            f"{path}: its SHA-256 is {digest[:12]}..., expected {str(known['sha256'])[:12]}...: it was changed. {CHECK}"
        )
