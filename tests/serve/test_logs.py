"""No frame, no prompt and no token is ever in the server's log, whatever is logged and whatever fails."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import numpy as np
import pytest

from reskin.serve import logs
from reskin.serve.batch import Done, Job
from reskin.serve.session import FrameLook, Session
from reskin.serve.stepper import Stepper
from reskin.serve.tokens import TokenError, Tokens
from reskin.themes import Theme

PROMPT = "jungle temple of my late aunt"
WORD = "jungle"
log = logging.getLogger("reskin.serve.test")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logs.start(stream)
    yield stream
    logs.stop(handler)


def test_an_event_is_one_line_of_json_with_its_fields(written: io.StringIO) -> None:
    log.info("session opened", extra={"session": "aB3-_x", "scope": "play", "seconds": 1.23456})
    line = json.loads(written.getvalue())
    expected = {"event": "session opened", "session": "aB3-_x", "scope": "play", "seconds": 1.235, "level": "info",
                "logger": "reskin.serve.test"}  # fmt: skip
    assert line.items() >= expected.items()


def test_a_number_is_filled_in_and_a_sentence_that_cannot_be_filled_in_stands_as_it_is() -> None:
    for value, sentence, event in (
        (3, "it failed %d times", "it failed 3 times"), (PROMPT, "it failed %d times", "it failed %d times"),
        ("silent", "it ended: %s", "it ended: silent"),
    ):  # fmt: skip
        record = logging.LogRecord("reskin", logging.INFO, "", 0, sentence, (value,), None)
        assert json.loads(logs.JsonFormatter().format(record))["event"] == event


@pytest.mark.parametrize("secret", [PROMPT, WORD, "eyJhbGciOiJIUzI1NiJ9." + "a" * 60, np.zeros(9), b"\x00" * 9, [WORD]])
def test_what_is_filled_into_a_sentence_or_named_by_another_field_is_withheld(
    secret: object, written: io.StringIO
) -> None:
    log.warning("it failed: %s", secret)
    log.warning("it failed: %(what)s", {"what": secret})
    log.info("asked", extra={"prompt": secret, "frame": secret, "token": secret, "theme": secret})
    text = written.getvalue()
    assert len(text.splitlines()) == 3
    assert not [told for told in (str(secret), WORD, "eyJ") if told in text]


@pytest.mark.parametrize("secret", [PROMPT, "eyJhbGciOiJIUzI1NiJ9." + "a" * 60, np.zeros(9), b"\x00" * 9])
def test_a_field_on_the_list_holds_only_a_short_plain_word(secret: object, written: io.StringIO) -> None:
    log.info("asked", extra={"reason": secret})
    assert json.loads(written.getvalue())["reason"] == logs.WITHHELD


def test_an_error_is_its_kind_and_the_lines_it_passed_and_never_its_text(written: io.StringIO) -> None:
    try:
        raise ValueError(PROMPT) from KeyError(PROMPT)
    except ValueError:
        log.exception("the engine has ended")
    line = json.loads(written.getvalue())
    assert line["error"] == "ValueError"
    assert line["where"][-1].startswith("test_logs.py:")
    assert WORD not in written.getvalue()


def test_every_reason_of_ours_is_written_as_it_is() -> None:
    from reskin.serve import host_metrics, routes

    ours = {*host_metrics.REASONS, *host_metrics.ENDED, *routes.REASONS.values()}
    assert ours <= logs.WORDS
    assert all(logs._filled(reason) == reason for reason in ours)


class Failing:
    """A `BatchRenderer` whose error quotes what it was given."""

    name, why, most = "failing", "", 1

    def render_many(self, jobs: list[Job]) -> list[Done]:
        return [Done(None, error=f"ValueError: {job.look.theme.name} {job.bgra_u8.tolist()}") for job in jobs]

    def forget(self, key: str) -> None: ...

    def close(self) -> None: ...


def test_a_session_whose_frames_fail_leaves_neither_its_prompt_nor_a_pixel_in_the_log(written: io.StringIO) -> None:
    theme = Theme.model_validate({"name": PROMPT})
    stepper = Stepper(Failing(), flash_limiter="off")
    session = Session({}, "", look=FrameLook(theme=theme, theme_id=PROMPT))
    stepper.enter(session)
    session.offer(np.full((4, 4, 4), 203, np.uint8))
    painting = asyncio.run(asyncio.wait_for(session.painted(), 10))
    stepper.close()
    assert not painting.is_painted
    line = json.loads(written.getvalue().splitlines()[0])
    assert (line["event"], line["reason"]) == ("a frame could not be painted", "ValueError")
    assert not [told for told in (WORD, "203") if told in written.getvalue()]


def test_a_token_that_does_not_let_in_is_not_repeated(written: io.StringIO) -> None:
    token = Tokens("s" * 32).issue("play", 1.0)
    try:
        Tokens("t" * 32).read(token)
    except TokenError:
        log.warning("refused", exc_info=True, extra={"reason": "token"})
    assert "refused" in written.getvalue()
    assert not [part for part in token.split(".") if part in written.getvalue()]


def test_stopping_leaves_the_loggers_as_they_were() -> None:
    handler = logs.start(io.StringIO())
    logs.stop(handler)
    logger = logging.getLogger("reskin")
    assert handler not in logger.handlers
    assert logger.propagate
