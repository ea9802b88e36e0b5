"""What client and server say to each other, version 1: the offer and its answer, and the texts of the data channel.

The client asks ("do"), the server tells ("say"). Both sides have the same models, and each checks what it is sent; what
does not fit is a MessageError. Of an answer, what a newer server adds is left out. Knows nothing of sessions or WebRTC.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from reskin.errors import ServeError
from reskin.renderer import QUALITY_LEVELS, View
from reskin.strict_model import StrictModel
from reskin.theme_model import PromptText, Theme

VERSION: Final = 1
CHANNEL = "control"  # the label of the data channel; the client makes it, reliable and ordered
MOST_CONTROL_BYTES = 4096
MOST_CONTROLS_PER_S = 20.0
MOST_OFFER_BYTES = 64 * 1024
ViewName = Literal["skin", "split", "materials"]
# The wire says "skin" for the view that the app calls theme.
VIEWS: dict[ViewName, View] = {"skin": View.THEME, "split": View.SPLIT, "materials": View.MATERIALS}
VIEW_NAMES: dict[View, ViewName] = {view: name for name, view in VIEWS.items()}
ThemeId = Annotated[str, Field(min_length=1, max_length=100)]
SessionId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class MessageError(ServeError):
    """A message that is none of this protocol."""


class Offer(StrictModel):
    """POST /offer: all ICE candidates are in the SDP. With `watch` the session of that id is only watched."""

    version: Literal[1]
    sdp: str = Field(min_length=1, max_length=MOST_OFFER_BYTES)
    type: Literal["offer"]
    theme: ThemeId | None = None
    strip: bool = False  # a frame number lies under every picture, both ways: `reskin.serve.strip`
    session: SessionId | None = None  # one that was cut off less than 30 s ago: its look comes back
    watch: SessionId | None = None


class Answer(StrictModel):
    sdp: str
    type: Literal["answer"] = "answer"
    session: SessionId
    resume: bool  # the look of the session before is back


class DoTheme(StrictModel):
    do: Literal["theme"] = "theme"
    id: ThemeId
    fade_frames: int = Field(default=0, ge=0, le=240)


class DoPrompt(StrictModel):
    do: Literal["prompt"] = "prompt"
    text: PromptText
    fade_frames: int = Field(default=0, ge=0, le=240)


class DoThemeParameters(StrictModel):
    do: Literal["theme_parameters"] = "theme_parameters"
    theme: Theme
    fade_frames: int = Field(default=0, ge=0, le=240)


class DoStrength(StrictModel):
    do: Literal["strength"] = "strength"
    value: float = Field(ge=0, le=1)


class DoView(StrictModel):
    do: Literal["view"] = "view"
    value: ViewName


class DoQuality(StrictModel):
    do: Literal["quality"] = "quality"
    value: int = Field(ge=0, lt=QUALITY_LEVELS)


class DoPing(StrictModel):
    do: Literal["ping"] = "ping"
    at: float  # comes back as it is


class DoReset(StrictModel):
    do: Literal["reset"] = "reset"


Control = DoTheme | DoPrompt | DoThemeParameters | DoStrength | DoView | DoQuality | DoPing | DoReset


class SayState(StrictModel):
    say: Literal["state"] = "state"
    theme: str  # its id, or the name of one that has no file
    strength: float
    view: ViewName
    note: str = ""


class SayFigures(StrictModel):
    say: Literal["figures"] = "figures"
    fps: float  # painted; this and the times are of the last second
    dropped: int  # frames that a newer one overwrote before they were painted
    engine_ms_p50: float
    engine_ms_p95: float
    queue: int  # sessions whose frame waits for the engine


class SayPong(StrictModel):
    say: Literal["pong"] = "pong"
    at: float


class SayNote(StrictModel):
    say: Literal["note"] = "note"
    text: str


class SayError(StrictModel):
    say: Literal["error"] = "error"
    text: str


Saying = SayState | SayFigures | SayPong | SayNote | SayError

OFFER: TypeAdapter[Offer] = TypeAdapter(Offer)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
CONTROL: TypeAdapter[Control] = TypeAdapter(Annotated[Control, Field(discriminator="do")])
SAYING: TypeAdapter[Saying] = TypeAdapter(Annotated[Saying, Field(discriminator="say")])


def read_offer(body: bytes) -> Offer:
    """MessageError for what is none."""
    return _read(OFFER, body, "an offer")


def read_answer(answer: Mapping[str, Any]) -> Answer:
    """For clients; MessageError for what is none."""
    known = {name: answer[name] for name in Answer.model_fields if name in answer}
    return _read(ANSWER, json.dumps(known), "an answer")


def read_control(text: str | bytes | dict[str, Any]) -> Control:
    """MessageError for what is none, or is too long."""
    if isinstance(text, dict):
        text = json.dumps(text)
    if len(text) > MOST_CONTROL_BYTES or (isinstance(text, str) and len(text.encode()) > MOST_CONTROL_BYTES):
        raise MessageError(f"reading a message: it is longer than {MOST_CONTROL_BYTES} bytes")
    return _read(CONTROL, text, "a message")


def read_saying(text: str | bytes) -> Saying:
    """For clients; MessageError for what is none."""
    return _read(SAYING, text, "what the server says")


def _read(adapter: TypeAdapter, text: str | bytes, what: str) -> Any:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MessageError(f"reading {what}: {place or 'as a whole'}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise MessageError(f"reading {what}: {type(error).__name__}") from None
