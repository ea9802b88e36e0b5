"""The thread that serves a slow sink: pictures go in by its mailbox, what goes wrong comes out at the next look.

Knows nothing of what is done with the pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from reskin.errors import ReskinError, SinkError
from reskin.sinks.mailbox import Mailbox

END_LIMIT_S = 10.0  # a disk or a device that has gone away must not keep Reskin from ending


class SinkThread:
    """Runs `serve(mailbox)`, which returns when the mailbox is closed and empty; for one sink, from one thread."""

    def __init__(self, name: str, serve: Callable[[Mailbox], None]) -> None:
        self.mailbox = Mailbox()
        self._name = name
        self._serve = serve
        self._error: ReskinError | None = None
        self._thread = threading.Thread(target=self._run, name=f"reskin-{name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what has ended the thread, if something has."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Returns when all is served; raises what has ended the thread before."""
        self.mailbox.close()
        self._thread.join(END_LIMIT_S)
        if self._thread.is_alive():
            raise SinkError(
                f"ending the {self._name}: it did not end within {END_LIMIT_S:.0f} s and is left behind: what it wrote "
                "may be incomplete. Check the disk or the device."
            )
        self.check()

    def _run(self) -> None:
        try:
            self._serve(self.mailbox)
        except ReskinError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  whatever a library raises ends this sink and nothing else
            self._error = SinkError(f"{self._name}: {type(error).__name__}: {error}")
