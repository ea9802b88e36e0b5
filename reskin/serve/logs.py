"""The server's log: one line of JSON for each event, for machines to read. No frame, no prompt, no token is ever in it.

    log.info("session opened", extra={"session": id, "scope": "play"})
    {"at": "2026-11-23T02:00:00.000Z", "level": "info", "logger": "reskin.serve", "event": "session opened", ...}

What is written is what is on a list: a field that FIELDS does not name is left out, and a value that is not a number or
a short plain word is written as "withheld". An error is its kind and the lines of code that it passed, without its text
(which quotes what a client sent). Standard library only.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
from pathlib import PurePath
from types import TracebackType
from typing import IO, Any

FIELDS = frozenset(
    (
        "session", "replica", "scope", "reason", "status", "method", "route", "preset", "device", "codec", "slots",
        "sessions", "free", "queue", "position", "frames", "dropped", "painted", "moved", "seconds", "engine_ms", "pid",
        "w", "h", "port", "count",
    )
)  # fmt: skip
WORDS = frozenset(  # of our own, filled into sentences: scopes, why a session has ended or a request was refused
    (
        "play", "watch", "admin", "silent", "the connection is lost", "too many messages", "ended by the client",
        "the server ends", "its client has come anew", "the time of its link is over", "it sends too much",
        "it sends faster than can be decoded", "the session has ended", "its offer could not be answered",
        "an error of the server", "play elsewhere", "a wrong token", "an expired token", "a token of another scope",
        "a wrong Host", "a wrong Origin", "a page of another site", "a body that is no JSON", "a body that is too big",
        "a connection, for there were too many", "a request that is no HTTP", "an address that is not there",
        "a malformed message", "no such session", "not now", "every slot is taken", "a token's quota", "another error",
    )
)  # fmt: skip
WITHHELD = "withheld"
MOST_FRAMES = 8  # of a traceback
_PLAIN = re.compile(r"[A-Za-z0-9_./:+-]{1,40}")  # a token is longer, and so is nearly every prompt; those have spaces


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "at": f"{at}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
        }
        line |= {name: plain(value) for name, value in vars(record).items() if name in FIELDS}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def plain(value: object) -> object:
    """The value, where it can hold nothing that a person wrote or a machine must keep secret; else "withheld"."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 3) if value == value and abs(value) != float("inf") else None
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return WITHHELD


def start(stream: IO[str] | None = None, level: int = logging.INFO) -> logging.Handler:
    """Writes what `reskin` and `aiohttp`, `aioice`, `aiortc` say to a stream (stderr unless said), and nowhere else."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for name in ("reskin", "aiohttp", "aioice", "aiortc"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
    logging.getLogger("reskin").setLevel(level)
    for name in ("aiohttp", "aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below that they log SDP, addresses and paths
    return handler


def stop(handler: logging.Handler) -> None:
    for name in ("reskin", "aiohttp", "aioice", "aiortc"):
        logger = logging.getLogger(name)
        logger.removeHandler(handler)
        logger.propagate = True
    handler.close()


def _filled(value: object) -> object:
    """What is filled into a sentence comes from anywhere, so of text only our own words are let through."""
    if isinstance(value, str):
        return value if value in WORDS else WITHHELD
    return plain(value)


def _event(record: logging.LogRecord) -> str:
    """Our own sentence as it stands in the code, with numbers and our own words filled in."""
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if not record.args:
        return record.msg
    arguments: Any = record.args
    if isinstance(arguments, dict):
        values: Any = {name: _filled(value) for name, value in arguments.items()}
    else:
        values = tuple(_filled(value) for value in arguments)
    try:
        return record.msg % values
    except (TypeError, ValueError):  # "%d" of what was withheld
        return record.msg


def _where(stack: TracebackType | None) -> list[str]:
    passed = traceback.extract_tb(stack)[-MOST_FRAMES:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in passed]
