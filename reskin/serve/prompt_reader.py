"""Reads prompts in a process of its own, one at a time: a new one takes up to 0.3 s, which no other player shall feel.

The process starts with the first prompt; one that breaks or hangs is ended, and the next prompt starts another. Belongs
to the event loop. Knows nothing of sessions.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

from reskin.child_process import die_with
from reskin.crash_stacks import show_crashes
from reskin.errors import ThemeError
from reskin.themes import Theme

READ_S = 20.0  # the first has to load what prompts are read with


class PromptReader:
    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()

    async def read(self, text: str) -> tuple[Theme | None, str]:
        """The theme, None where nothing was understood, and what was not; ThemeError when it could not be read."""
        async with self._turn:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(os.getpid(),))
            try:
                async with asyncio.timeout(READ_S):
                    return await asyncio.get_running_loop().run_in_executor(self._pool, read_prompt, text)
            except (BrokenExecutor, TimeoutError, OSError) as error:
                self.close()
                raise ThemeError(f"reading a prompt: {type(error).__name__}. Try it once more.") from error

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)


def read_prompt(text: str) -> tuple[Theme | None, str]:
    """In the process."""
    from reskin.prompts.fill import heard_theme

    return heard_theme(text)


def _begin(parent_pid: int) -> None:
    die_with(parent_pid)
    show_crashes()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(5)
