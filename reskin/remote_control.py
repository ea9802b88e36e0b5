"""What a remote control (the control page) asks of the loop: commands in one queue, polled at every tick as keys are.

Knows nothing of the network. `send` is for any thread, `poll` for the loop's. When nobody polls, the oldest go.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from reskin.renderer import View
from reskin.themes import Theme

MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class ChooseTheme:
    theme_id: str


@dataclass(frozen=True, slots=True)
class ShowTheme:
    """One that has no file, such as what a prompt gave."""

    theme: Theme


@dataclass(frozen=True, slots=True)
class SetStrength:
    strength: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class SetOverlay:
    is_on: bool


@dataclass(frozen=True, slots=True)
class SetView:
    view: View


Command = ChooseTheme | ShowTheme | SetStrength | SetOverlay | SetView


class RemoteControl:
    def __init__(self) -> None:
        self._commands: deque[Command] = deque(maxlen=MOST_WAITING)

    def send(self, command: Command) -> None:
        self._commands.append(command)

    def poll(self) -> list[Command]:
        """What was asked since the last poll, oldest first. Never waits."""
        commands = []
        while self._commands:
            commands.append(self._commands.popleft())
        return commands
