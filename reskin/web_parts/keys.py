"""The two secrets in the links: a key that lets watch, kept from run to run, and a token that lets act, for one run.

OBS keeps the link of its source for months, so the key must stay; it lies in a file that only its owner reads. The
token is never written down. Knows nothing of the network.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from reskin.errors import ReskinError, StreamError
from reskin.settings import settings_path

_BYTES = 16
_SHORTEST = 20  # characters; a file with less is not ours, or was cut short


def new_secret() -> str:
    return secrets.token_urlsafe(_BYTES)


@dataclass(frozen=True, kw_only=True)
class Keys:
    watch: str = field(default_factory=new_secret)
    act: str = field(default_factory=new_secret)

    def let_watch(self, given: str) -> bool:
        """What acts may watch too. Compared in constant time, both always."""
        return _same(given, self.watch) | _same(given, self.act)

    def let_act(self, given: str) -> bool:
        return _same(given, self.act)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _is_private(path: Path) -> bool:
    """Others have not read it. Windows has no such bits; a user's folders are their own there."""
    return os.name == "nt" or path.stat().st_mode & 0o077 == 0


def key_path() -> Path:
    return settings_path().with_name("stream-key")


def serve_secret_path() -> Path:
    """What `reskin serve` signs its tokens with; removing it makes all of them worthless."""
    return settings_path().with_name("serve-secret")


def kept_keys(path: Path | None = None) -> Keys:
    """The key in the file, which is written at the first time, and a token of this run."""
    return Keys(watch=kept_secret(path or key_path()))


def kept_secret(path: Path, size: int = _BYTES, error_type: type[ReskinError] = StreamError) -> str:
    """The secret in a file that only its owner reads; made of `size` random bytes at the first time.

    `error_type` where it cannot be kept.
    """
    try:
        found = path.read_text(encoding="ascii").strip() if path.exists() and _is_private(path) else ""
        if len(found) < max(_SHORTEST, size):
            found = secrets.token_urlsafe(size)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(found + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise error_type(
            f"keeping the secret of the links in {path}: {error}. Give RESKIN_HOME a folder that can be written, "
            "or remove that file; the links then change once."
        ) from error
    return found
