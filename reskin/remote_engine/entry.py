"""The door of the remote engine's process: what the app itself imports, so that it never imports aiortc."""

from __future__ import annotations

from multiprocessing.connection import Connection

from reskin.remote_engine.address import EngineAddress


def remote_main(
    pipe: Connection, factory: str, arguments: tuple[EngineAddress], carries_marker: bool, parent_pid: int
) -> None:
    """As `reskin.engine_process.engine_main`; `arguments` is the address alone."""
    try:
        from reskin.remote_engine.process import remote_main as whole_life
    except ImportError as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}"))
        return
    whole_life(pipe, arguments[0], carries_marker, parent_pid)
