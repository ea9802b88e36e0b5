"""The one request that opens a session: POST /offer, and what its answers mean. Also GET /health, for `reskin doctor`.

Knows nothing of video or of what is in the descriptions that it carries.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from reskin.errors import EngineError
from reskin.remote_engine.address import EngineAddress
from reskin.remote_engine.trust import KnownServers, changed, trust
from reskin.serve.messages import VERSION, MessageError, Offer, read_answer

LIMIT_S = 4.0  # of a request
MOST_ANSWER_BYTES = 256 * 1024
DROPS_REFUSED = sys.version_info < (3, 12, 7)  # older ones leave a TLS connection open until the other side hangs up


class Refused(EngineError):
    """Asking again is no help: a wrong token, another server, another protocol."""


class Queued(EngineError):
    """Not now; `place` in the queue of a full server, else 0 and what it said; and when to ask again."""

    def __init__(self, place: int, retry_s: float, said: str = "") -> None:
        full = f"The server is full: place {place} in its queue"
        super().__init__(full if place > 0 or not said else f"The server lets nobody in now: {said}")
        self.place = place
        self.retry_s = retry_s


class Conflict(EngineError):
    """The session that was asked for again is not to be had: ask for a new one."""


class Unreachable(EngineError):
    """Nobody answers, or not in time."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    sdp: str
    session: str
    is_resumed: bool
    note: str = ""  # of a first meeting


class Signalling:
    """`async with Signalling(address) as signalling`; its connection is kept from one request to the next."""

    def __init__(self, address: EngineAddress, known: KnownServers | None = None) -> None:
        self._address = address
        self._known = known or KnownServers()
        self._http: aiohttp.ClientSession | None = None
        self._checked: bool | aiohttp.Fingerprint | None = None
        self._note = ""

    async def __aenter__(self) -> Signalling:
        connector = aiohttp.TCPConnector(enable_cleanup_closed=DROPS_REFUSED)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=LIMIT_S))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        await self._http.close()

    async def offer(self, sdp: str, *, session: str | None = None) -> Answer:
        """Refused, Queued, Conflict or Unreachable when there is no session."""
        asked = Offer(version=VERSION, sdp=sdp, type="offer", strip=True, session=session)
        async with self._request("POST", "offer", json=asked.model_dump()) as response:
            answer = await _read_json(response)
            if response.status == 200:
                with contextlib.suppress(MessageError):
                    said = read_answer(answer)
                    note, self._note = self._note, ""
                    return Answer(sdp=said.sdp, session=said.session, is_resumed=said.resume, note=note)
        raise _error(self._address, response.status, answer)

    async def end(self, session: str) -> None:
        """Its slot is free at once; without it, in ten seconds."""
        with contextlib.suppress(EngineError):
            async with self._request("DELETE", f"session/{session}"):
                pass

    async def health(self) -> dict[str, Any]:
        async with self._request("GET", "health") as response:
            answer = await _read_json(response)
            if response.status != 200:
                raise _error(self._address, response.status, answer)
            return answer

    @contextlib.asynccontextmanager
    async def _request(self, method: str, path: str, **content: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._http is not None
        name = self._address.name
        try:
            checked = await self._check()
            headers = {"Authorization": f"Bearer {self._address.token}"}
            async with self._http.request(
                method, self._address.url + path, ssl=checked, headers=headers, allow_redirects=False, **content
            ) as response:
                yield response
        except aiohttp.ServerFingerprintMismatch as error:
            raise Refused(changed(name, error.got.hex())) from None
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            self._checked = None  # another server may be there next time
            raise Unreachable(f"reaching the engine at {name}: {str(error) or 'no answer in time'}") from None

    async def _check(self) -> bool | aiohttp.Fingerprint:
        if self._checked is None:
            try:
                found = await asyncio.to_thread(trust, self._address, self._known)
            except EngineError as error:
                raise Refused(str(error)) from None
            self._note = found.note or self._note
            self._checked = aiohttp.Fingerprint(bytes.fromhex(found.fingerprint)) if found.fingerprint else True
        return self._checked


async def _read_json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """{} for what is no JSON object, or is too long."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            return {}
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(body)
        if isinstance(found, dict):
            return found
    return {}


def _error(address: EngineAddress, status: int, answer: dict[str, Any]) -> EngineError:
    said = str(answer.get("error", ""))[:300]
    at = f"reaching the engine at {address.name}: "
    match status:
        case 401:
            return Refused(f"{at}it does not take the token ({said or 'wrong or expired'}). Ask for a new link.")
        case 403:
            return Refused(f"{at}the token is not for playing ({said or 'wrong scope'}). Ask for a link to play.")
        case 409:
            return Conflict(f"{at}{said or 'the session is taken'}")
        case 429:
            place, retry_s = int(answer.get("queue") or 0), float(answer.get("retry_s") or 0.0)
            if place <= 0 and retry_s <= 0:
                return Refused(f"{at}{said or 'this link lets in no more'}. Ask for a new link.")
            return Queued(place, min(10.0, max(0.2, retry_s or 2.0)), said)
        case 400 | 404 | 405 | 413 | 415:
            return Refused(f"{at}it does not understand the request ({status} {said}). Is its Reskin another version?")
        case _:
            return Unreachable(f"{at}it answered {status} {said}")
