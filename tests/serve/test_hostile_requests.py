"""Requests that must not get in: tokens that are none, and requests of others; each is refused for its reason."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt

from reskin.serve.tokens import Tokens
from tests.serve.playing import SECRET, run, world

NOW = int(time.time())
GOOD = {"iss": "reskin", "sub": "me", "scope": "play", "iat": NOW, "exp": NOW + 3600}


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({**GOOD, **claims}, secret, algorithm=algorithm)


def changed(token: str) -> str:
    """The same signature under a greater scope."""
    head, body, signature = token.split(".")
    other = signed(scope="admin").split(".")[1]
    assert other != body
    return f"{head}.{other}.{signature}"


TOKENS = {
    "no token": (None, 401),
    "an empty one": ("", 401),
    "an expired one": (Tokens(SECRET, clock=lambda: NOW - 7200).issue("play", 1), 401),
    "one of another secret": (signed("x" * 40), 401),
    "one without a signature": (jwt.encode(GOOD, "", algorithm="none"), 401),
    "one of another algorithm": (signed(algorithm="HS512"), 401),
    "one that was changed": (changed(signed()), 401),
    "one that never ends": (jwt.encode({k: v for k, v in GOOD.items() if k != "exp"}, SECRET, algorithm="HS256"), 401),
    "one of another issuer": (signed(iss="somebody"), 401),
    "one of another scope": (signed(scope="root"), 401),
    "one with claims of another type": (signed(sessions="many"), 401),
    "a long one": ("a" * 3000, 401),
    "no ASCII": ("tök€n", 401),
    "one that lets watch": (signed(scope="watch"), 404),  # there is nobody to watch
}
HTTP = {
    "another Host": ("GET", "/", {"Host": "evil.example"}, None, 421),
    "a name bound to this address": ("POST", "/offer", {"Host": "evil.example:80"}, {}, 421),
    "another site's page": ("POST", "/offer", {"Origin": "https://evil.example"}, {}, 403),
    "no origin at all": ("POST", "/offer", {"Origin": "null"}, {}, 403),
    "a form of another site": ("POST", "/offer", {"Sec-Fetch-Site": "cross-site"}, {}, 403),
    "a body that is a form": ("POST", "/offer", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415),
    "a body that is too big": ("POST", "/offer", {}, b"[" + b"1," * 60_000, 413),
    "a body that is no JSON": ("POST", "/offer", {}, b"{" * 1000, 400),
    "a deep body": ("POST", "/offer", {}, b"[" * 60_000, 400),
    "another version": ("POST", "/offer", {}, {"version": 2, "sdp": "v=0", "type": "offer"}, 400),
    "a path out of the gallery": ("GET", "/picture/..%2f..%2fetc%2fpasswd", {}, None, 404),
    "a session's name with a path": ("DELETE", "/session/..%2fx", {}, None, 404),
    "a verb that is none": ("PUT", "/offer", {}, {}, 405),
    "what is not there": ("GET", "/admin", {}, None, 404),
    "the figures for a player": ("GET", "/status.json", {}, None, 403),
    "the metrics for a player": ("GET", "/metrics", {}, None, 403),
}


def test_wrong_tokens_and_requests_are_refused_each_for_its_reason() -> None:
    async def knock() -> None:
        async with world() as here:
            fair = {"version": 1, "sdp": "v=0", "type": "offer"}
            for name, (token, wanted) in TOKENS.items():
                status, answer = await here.post(fair, token)
                assert status == wanted, (name, answer)
                assert "error" in answer
                assert not token or len(token) < 9 or token not in json.dumps(answer)
            for name, (method, path, headers, body, wanted) in HTTP.items():
                status, answer = await here.ask(method, path, here.play, body, **headers)
                assert status == wanted, (name, status, answer)
            assert not here.host.seated
            assert here.door.refused["an expired token"] == 1
            assert sum(here.door.refused.values()) >= len(TOKENS)

    run(knock())
