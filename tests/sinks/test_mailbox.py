"""The newest picture wins, what is put is copied, and memory is used again."""

from __future__ import annotations

import numpy as np

from reskin.sinks.mailbox import Mailbox


def picture(value: int, size: tuple[int, int] = (4, 6)) -> np.ndarray:
    return np.full((*size, 4), value, np.uint8)


def test_the_newest_wins_and_the_others_are_counted() -> None:
    mailbox = Mailbox()
    for stamp in range(3):
        mailbox.put(stamp, picture(stamp))
    stamp, pixels = mailbox.take() or (None, None)
    assert stamp == 2
    assert pixels is not None
    assert (pixels == 2).all()
    assert mailbox.dropped == 2
    assert mailbox.take() is None


def test_the_loop_may_overwrite_its_picture_at_once() -> None:
    mailbox = Mailbox()
    own = picture(1)
    mailbox.put(0, own)
    own[:] = 9
    taken = mailbox.take()
    assert taken is not None
    assert (taken[1] == 1).all()


def test_memory_is_used_again_and_a_new_size_is_taken() -> None:
    mailbox = Mailbox()
    mailbox.put(0, picture(1))
    first = mailbox.take()
    assert first is not None
    mailbox.give_back(first[1])
    mailbox.put(1, picture(2))
    second = mailbox.take()
    assert second is not None
    assert second[1] is first[1]
    mailbox.give_back(second[1])
    mailbox.put(2, picture(3, (8, 8)))
    third = mailbox.take()
    assert third is not None
    assert third[1].shape == (8, 8, 4)


def test_a_closed_one_gives_its_last_picture_and_then_none() -> None:
    mailbox = Mailbox()
    mailbox.put(5, picture(5))
    mailbox.close()
    last = mailbox.wait()
    assert last is not None
    assert last[0] == 5
    assert mailbox.wait() is None
