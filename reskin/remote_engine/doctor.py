"""The row of `reskin doctor` about an engine at a distance: which one, whether it answers, and what is missing here.

Asks its /health and opens no session. Knows nothing of how the row is shown.
"""

from __future__ import annotations

import asyncio
import time
from importlib.util import find_spec

from reskin.doctor_row import Choice
from reskin.errors import ReskinError
from reskin.remedies import install_command
from reskin.remote_engine.address import EngineAddress, read_address
from reskin.remote_engine.engine import NEEDED
from reskin.settings import EngineSettings

PART = "engine at a distance"


def probe_remote_engine(settings: EngineSettings) -> Choice:
    """Takes up to some seconds where the settings name a server that is silent; never raises for what can be mended."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    lacking = f"{' and '.join(missing)} is not installed ({install_command('serve')})" if missing else ""
    if not settings.url:
        why = "the settings name none ([engine] url), so this machine paints"
        return Choice(part=PART, chosen="none", why="; ".join(filter(None, (why, lacking))))
    try:
        address = read_address(settings.url, fingerprint=settings.fingerprint, fallback=settings.fallback)
        if lacking:
            return Choice(part=PART, chosen="none", why=lacking)
        took_ms = asyncio.run(_health(address))
    except ReskinError as error:
        return Choice(part=PART, chosen="none", why=str(error))
    meanwhile = "this machine's engine" if address.fallback == "local" else "the game itself"
    return Choice(
        part=PART, chosen=address.name, why=f"it answers in {took_ms:.0f} ms; while it is silent: {meanwhile}"
    )


async def _health(address: EngineAddress) -> float:
    from reskin.remote_engine.signalling import Signalling

    async with Signalling(address) as signalling:
        await signalling.health()  # with the handshakes, which a session's packets have behind them
        began_s = time.monotonic()
        await signalling.health()
        return (time.monotonic() - began_s) * 1e3
