"""Who is let in at the ingress, and what an offer may be: token, scope, origin, size. Nothing of the cluster is asked.

Knows nothing of the directory or of replicas.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reskin.errors import ServeError
from reskin.serve import messages
from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.engines import FAKE
from reskin.serve.messages import MOST_OFFER_BYTES, MessageError
from reskin.serve.tokens import ExpiredTokenError, TokenError, Tokens, bearer_of
from reskin.web_parts.guard import FETCH_SITES

PLAYERS = ("play", "admin")


class Refused(ServeError):
    """`reason` is one of `metrics.REFUSALS`; the text goes to the client, and never into a log.

    `retry_s`: when asking again may help; None where it does not.
    """

    def __init__(self, status: int, reason: str, text: str, retry_s: float | None = None) -> None:
        super().__init__(text)
        self.status, self.reason, self.text, self.retry_s = status, reason, text, retry_s


@dataclass(frozen=True, kw_only=True)
class Visitor:
    owner: str  # a digest: whoever reads the directory learns no name of a token
    quota: int  # sessions at a time
    most_s: float  # of sessions in all
    until_s: float  # time.time() at which the token ends, and its sessions with it


def visitor(headers: Mapping[str, str], tokens: Tokens, scopes: tuple[str, ...] = PLAYERS,
            names: tuple[str, ...] = ()) -> Visitor:  # fmt: skip
    """From `Authorization: Bearer`. Refused: 401 for no or no good token, 403 for its scope or another site's page.

    And 421 for a Host that is none of `names`, where there are any.
    """
    host = headers.get("host", "").lower()
    if names and host not in [name.lower() for name in names]:
        raise Refused(421, "origin", "this is not the name of this server")
    origin = headers.get("origin")
    is_elsewhere = origin is not None and (not host or urlsplit(origin).netloc.lower() != host)
    if is_elsewhere or headers.get("sec-fetch-site", "none") not in FETCH_SITES:  # programs say nothing
        raise Refused(403, "origin", "the page that asks is another site's")
    try:
        claims = tokens.read(bearer_of(headers.get("authorization", "")))
    except ExpiredTokenError as error:
        raise Refused(401, "expired", str(error)) from None
    except TokenError as error:
        raise Refused(401, "token", str(error)) from None
    if claims.scope not in scopes:
        raise Refused(403, "scope", f"this is for tokens of scope {' or '.join(scopes)}")
    owner = hashlib.sha256(claims.sub.encode()).hexdigest()[:32]
    return Visitor(owner=owner, quota=claims.sessions, most_s=claims.minutes * 60, until_s=claims.exp)


async def read_offer(body: AsyncIterator[bytes], client: str, config: ClusterConfig) -> dict[str, Any]:
    """Refused: 413 for one that is too long, 400 for what is no offer."""
    text = b""
    async for chunk in body:
        text += chunk
        if len(text) > MOST_OFFER_BYTES:
            raise Refused(413, "size", f"an offer has at most {MOST_OFFER_BYTES} bytes")
    try:
        if config.preset == FAKE:
            return _fake_offer(text)
        offer = messages.read_offer(text)
    except MessageError as error:
        raise Refused(400, "malformed", str(error)) from None
    if offer.watch is not None:
        raise Refused(400, "other", "watching a session is not possible in a cluster yet: watch on the server itself")
    return {**offer.model_dump(mode="json", exclude_none=True), "client": client}


def _fake_offer(body: bytes) -> dict[str, Any]:
    """Datagrams need no SDP: a session to resume, and what would be said on the data channel."""
    try:
        offer = json.loads(body)
    except ValueError:
        offer = None
    if not isinstance(offer, dict) or not isinstance(offer.get("session"), str | None):
        raise MessageError("reading an offer: it is no JSON object with a session")
    return {"session": offer.get("session"), "do": [item for item in offer.get("do", []) if isinstance(item, dict)]}
