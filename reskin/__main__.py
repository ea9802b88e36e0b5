"""`python -m reskin` is `reskin`; a packaged program stands in for Python too, for its parts: `reskin -m MODULE`."""

from __future__ import annotations

import multiprocessing
import runpy
import sys

from reskin.cli import main


def packaged() -> None:
    """What the packaged program runs: it starts its demo game and its engine's process by itself."""
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["-m"] and len(sys.argv) > 2:
        sys.argv = sys.argv[2:]
        if not sys.argv[0].startswith("reskin."):
            raise SystemExit("reskin -m: expected a module of Reskin's own")
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        return
    main()


if __name__ == "__main__":
    packaged() if getattr(sys, "frozen", False) else main()
