"""What the control page may ask for, as JSON, and the command of the loop that each becomes.

`ACTION.validate_json(b'{"action": "strength", "value": 0.5}').command()`. Anything else is a ValidationError.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from reskin.prompts.fill import heard_theme
from reskin.remote_control import ChooseTheme, Command, SetOverlay, SetStrength, SetView, ShowTheme
from reskin.renderer import View
from reskin.strict_model import StrictModel
from reskin.theme_model import PromptText


class Theme(StrictModel):
    action: Literal["theme"]
    value: str = Field(min_length=1, max_length=100)

    def command(self) -> Command:
        return ChooseTheme(self.value)


class Strength(StrictModel):
    action: Literal["strength"]
    value: float = Field(ge=0, le=1)

    def command(self) -> Command:
        return SetStrength(self.value)


class Overlay(StrictModel):
    action: Literal["overlay"]
    value: bool

    def command(self) -> Command:
        return SetOverlay(self.value)


class ChooseView(StrictModel):
    action: Literal["view"]
    value: Literal["theme", "split", "materials"]

    def command(self) -> Command:
        return SetView(View(self.value))


class Prompt(StrictModel):
    action: Literal["prompt"]
    value: PromptText

    def read(self) -> tuple[Command | None, str]:
        """The command, and what of the prompt was not understood; up to 0.3 s, for a thread of its own.

        None where nothing was: the theme stays, as in the prompt bar.
        """
        theme, note = heard_theme(self.value)
        command = None if theme is None else ShowTheme(theme)
        return command, note


ACTION: TypeAdapter[Theme | Strength | Overlay | ChooseView | Prompt] = TypeAdapter(
    Annotated[Theme | Strength | Overlay | ChooseView | Prompt, Field(discriminator="action")]
)
