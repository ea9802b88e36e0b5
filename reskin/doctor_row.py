"""One row of `reskin doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What fills a part, why, and what was passed over for which reason."""

    part: str
    chosen: str  # "none" when nothing works here
    why: str
    not_chosen: tuple[tuple[str, str], ...] = ()
