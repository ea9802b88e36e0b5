"""An HTTP request and its answer, as the cluster's door has them. Knows nothing of sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from reskin.web_parts.guard import HEADERS


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]
    client: str = ""  # its address

    @property
    def rest(self) -> str:
        """Of the path, what comes after its first part."""
        return self.path.strip("/").partition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Answered:
    status: int = 200
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


Route = Callable[[Asked], Awaitable[Answered]]
Routes = dict[tuple[str, str], Route]  # by method, and by a slash and the first part of the path


def as_json(content: object, status: int = 200) -> Answered:
    return Answered(status=status, body=json.dumps(content).encode())
