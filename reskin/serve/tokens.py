"""The signed tokens that let a client in: who (`subject`), for what (`scope`), until when, and how much of it.

JSON Web Tokens, HS256, by PyJWT: nothing here is cryptography of our own. The secret lies in a file that only its owner
reads, so a restarted server knows its tokens. Nothing is revoked one by one: a new secret ends them all, and a server
reads it when it starts. Knows nothing of the network.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reskin.errors import ServeError
from reskin.web_parts.keys import kept_secret, serve_secret_path

Scope = Literal["play", "watch", "admin"]
ALGORITHM = "HS256"
LEEWAY_S = 5.0  # between two machines' clocks
LONGEST = 2048  # characters of a token
SECRET_BYTES = 32


class TokenError(ServeError):
    """A token that does not let in. The text says why, and never repeats the token."""


class ExpiredTokenError(TokenError):
    """It was one of ours, and its time is over."""


class Claims(BaseModel):
    """What a token says. A watch token sees the sessions of the play token named in `watches`, or of all: "*"."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    iss: Literal["reskin"] = "reskin"
    sub: str = Field(min_length=1, max_length=64)  # the token's own name: quotas and sessions go by it
    scope: Scope
    iat: int
    exp: int
    watches: str = ""
    sessions: int = Field(default=2, ge=1, le=100_000)  # at once
    minutes: int = Field(default=24 * 60, ge=1)  # of sessions in all, until the server ends

    def may_play(self) -> bool:
        return self.scope in ("play", "admin")

    def may_watch(self, player: str) -> bool:
        """A session of the token `player`."""
        return self.scope == "admin" or self.sub == player or self.watches in ("*", player)


class Tokens:
    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, scope: Scope, hours: float, *, watches: str = "", sessions: int = 2,
              minutes: int | None = None) -> str:  # fmt: skip
        """A new token; `minutes` are as many as it lives for each of its sessions, when left out."""
        now = int(self._clock())
        most = minutes or max(1, int(hours * 60)) * sessions
        claims = Claims(sub=secrets.token_urlsafe(9), scope=scope, iat=now, exp=now + int(hours * 3600),
                        watches=watches, sessions=sessions, minutes=most)  # fmt: skip
        said = {"iss": claims.iss, **claims.model_dump(exclude_defaults=True)}  # a short link is a small QR code
        return jwt.encode(said, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """TokenError for one that is not ours, was changed, or has expired."""
        if not token or len(token) > LONGEST:
            raise TokenError("reading the token: there is none, or it is none of ours")
        try:
            found = jwt.decode(
                token, self._secret, algorithms=[ALGORITHM], issuer="reskin",
                options={"require": ["exp", "iat", "iss", "sub"], "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
            claims = Claims.model_validate(found)
        except (jwt.InvalidTokenError, ValidationError, ValueError):
            raise TokenError("reading the token: it is none of ours, or it was changed") from None
        if claims.exp + LEEWAY_S < self._clock():
            raise ExpiredTokenError("reading the token: it has expired; ask for a new link")
        return claims


def bearer_of(authorization: str) -> str:
    """The token in an Authorization header; "" where it holds something else."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def kept_tokens(path: Path | None = None) -> Tokens:
    """With the secret in the file, which is written at the first time."""
    return Tokens(kept_secret(path or serve_secret_path(), SECRET_BYTES, ServeError))
