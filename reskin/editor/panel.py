"""One page of controls: built from `fields`, kept in step with the theme, and telling what a player changed.

Knows nothing of documents or of the preview: `handle` and `typed` return edits, and the window applies them. pygame_gui
tells of typed text only at Enter: so `typed` compares what stands in the entries with what was put there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pygame
import pygame_gui
from pygame_gui.elements import UIButton, UICheckBox, UIDropDownMenu, UIHorizontalSlider, UILabel, UITextEntryLine

from reskin.editor.colors import Changed, ColorControls
from reskin.editor.fields import Control, Location, controls_of
from reskin.painter_keys import NOTE, is_painters
from reskin.theme_model import Theme

ROW_PX, LABEL_PX, VALUE_PX, RESET_PX = 40, 92, 62, 26


@dataclass(frozen=True)
class Edit:
    """A value that a player gave a key; None takes the key out."""

    location: Location
    value: Any
    is_typed: bool = False  # letter by letter


class Page:
    def __init__(
        self, manager: pygame_gui.UIManager, panel: Any, rect: pygame.Rect, page: str, material: str, theme: Theme
    ) -> None:
        self._manager, self._panel = manager, panel
        self.controls = controls_of(page, material)
        self._theme = theme
        self._colors: ColorControls | None = None
        self._colored = [control for control in self.controls if control.kind in ("color", "ramp")]
        self._sliders: dict[Control, tuple[UIHorizontalSlider, UITextEntryLine]] = {}
        self._others: dict[Control, Any] = {}
        self._told: dict[Control, str] = {}  # what was last put into, or taken from, an entry
        self._resets: dict[Location, UIButton] = {}
        y = rect.y
        if self._colored:
            is_ramp = self._colored[0].kind == "ramp"
            names = () if is_ramp else tuple(control.label for control in self._colored)
            wide = rect.w - (RESET_PX + 6 if is_ramp else 0)
            area = pygame.Rect(rect.x, y, wide, 0)
            self._colors = ColorControls(manager, panel, area, self._color_values(), names)
            if is_ramp:
                self._add_reset(self._colored[0], pygame.Rect(rect.right - RESET_PX, y, RESET_PX, 36))
            y += ColorControls.height(not is_ramp) + 10
        for control in self.controls:
            if control not in self._colored:
                self._add(control, pygame.Rect(rect.x, y, rect.w, ROW_PX - 10))
                y += ROW_PX
        if any(is_painters(control.location) for control in self.controls):
            UILabel(pygame.Rect(rect.x, y, rect.w, ROW_PX - 10), f"* {NOTE}", manager, panel, object_id="#dim")

    def _color_values(self) -> tuple[str, ...]:
        values = [control.value(self._theme) for control in self._colored]
        return tuple(values[0]) if self._colored[0].kind == "ramp" else tuple(values)

    def _add(self, control: Control, row: pygame.Rect) -> None:
        value = control.value(self._theme)
        UILabel(pygame.Rect(row.x, row.y, LABEL_PX, row.h), control.label, self._manager, self._panel)
        rest = pygame.Rect(row.x + LABEL_PX, row.y, row.w - LABEL_PX - RESET_PX - 6, row.h)
        match control.kind:
            case "text":
                entry = UITextEntryLine(rest, self._manager, self._panel, initial_text=value)
                self._others[control] = entry
                self._told[control] = entry.get_text()
            case "choice":
                self._others[control] = UIDropDownMenu(list(control.choices), value, rest, self._manager, self._panel)
            case "switch":
                box = pygame.Rect(rest.x, rest.y + 4, 22, 22)
                self._others[control] = UICheckBox(box, "", self._manager, self._panel, initial_state=value)
            case _:
                at = pygame.Rect(rest.x, rest.y + 6, rest.w - VALUE_PX - 8, rest.h - 12)
                limits = (_on_slider(control, control.low), _on_slider(control, control.high))
                slider = UIHorizontalSlider(at, _on_slider(control, value), limits, self._manager, self._panel)
                entry = UITextEntryLine(pygame.Rect(rest.right - VALUE_PX, rest.y, VALUE_PX, rest.h), self._manager,
                                        self._panel, initial_text=control.shown(value))  # fmt: skip
                self._sliders[control] = (slider, entry)
                self._told[control] = entry.get_text()
        self._add_reset(control, pygame.Rect(row.right - RESET_PX, row.y, RESET_PX, row.h))

    def _add_reset(self, control: Control, at: pygame.Rect) -> None:
        if control.location == ("name",):
            return
        self._resets[control.location] = UIButton(
            at, "x", self._manager, self._panel, object_id="#plain",
            tool_tip_text="Take it out of the file: it is derived, or the prompt's, again",
        )  # fmt: skip

    def handle(self, event: pygame.event.Event) -> Edit | None:
        if self._colors is not None and (changed := self._colors.handle(event)):
            return self._colored_edit(changed)
        element = getattr(event, "ui_element", None)
        if element is None:
            return None
        if event.type == pygame_gui.UI_BUTTON_PRESSED:
            return next((Edit(at, None) for at, button in self._resets.items() if button is element), None)
        for control, (slider, entry) in self._sliders.items():
            if element is slider and event.type == pygame_gui.UI_HORIZONTAL_SLIDER_MOVED:
                value = _rounded(control, _off_slider(control, float(event.value)))
                self._tell(control, entry, control.shown(value))
                return Edit(control.location, value)
            if element is entry and event.type == pygame_gui.UI_TEXT_ENTRY_FINISHED:
                return self._number(control, entry, event.text)
        for control, other in self._others.items():
            if element is not other:
                continue
            if event.type == pygame_gui.UI_DROP_DOWN_MENU_CHANGED:
                return Edit(control.location, event.text)
            if event.type in (pygame_gui.UI_CHECK_BOX_CHECKED, pygame_gui.UI_CHECK_BOX_UNCHECKED):
                return Edit(control.location, event.type == pygame_gui.UI_CHECK_BOX_CHECKED)
        return None

    def typed(self, *, every: bool) -> list[Edit]:
        """What was typed since: texts letter by letter, numbers and colours when left, or at once for `every`."""
        edits: list[Edit | None] = []
        for control, entry in self._others.items():
            if control.kind == "text" and entry.get_text() != self._told[control]:
                self._told[control] = entry.get_text()
                edits.append(Edit(control.location, entry.get_text(), is_typed=True))
        for control, (_, entry) in self._sliders.items():
            if entry.get_text() != self._told[control] and (every or not entry.is_focused):
                edits.append(self._number(control, entry, entry.get_text()))
        if self._colors is not None and (changed := self._colors.typed(every=every)):
            edits.append(self._colored_edit(changed))
        return [edit for edit in edits if edit is not None]

    def _tell(self, control: Control, entry: UITextEntryLine, text: str) -> None:
        entry.set_text(text)
        self._told[control] = entry.get_text()

    def _colored_edit(self, changed: Changed) -> Edit:
        if self._colored[0].kind == "ramp":
            return Edit(self._colored[0].location, list(changed.colors))
        assert changed.index is not None
        return Edit(self._colored[changed.index].location, changed.colors[changed.index])

    def _number(self, control: Control, entry: UITextEntryLine, text: str) -> Edit | None:
        """A number as it was typed, brought into its limits; what is none is put back."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            self._tell(control, entry, control.shown(control.value(self._theme)))
            return None
        value = control.nearest(value)
        self._tell(control, entry, control.shown(value))
        self._sliders[control][0].set_current_value(_on_slider(control, value))
        return Edit(control.location, value)

    def refresh(self, theme: Theme, is_said: Any, *, busy: bool) -> None:
        """Shows the theme in effect; while a player drags or types (`busy`), only what can be put back."""
        self._theme = theme
        for location, button in self._resets.items():
            (button.show if is_said(location) else button.hide)()
        if busy:
            return
        if self._colors is not None:
            self._colors.refresh(self._color_values())
        for control, (slider, entry) in self._sliders.items():
            value = control.value(theme)
            if abs(slider.get_current_value() - _on_slider(control, value)) > 1e-4:
                slider.set_current_value(_on_slider(control, value))
            if not entry.is_focused:
                self._tell(control, entry, control.shown(value))
        for control, other in self._others.items():
            value = control.value(theme)
            if control.kind == "text" and not other.is_focused and other.get_text() != value:
                self._tell(control, other, value)
            elif control.kind == "switch" and other.get_state() != value:
                other.set_state(value)


def _on_slider(control: Control, value: float) -> float:
    return math.log2(value) if control.kind == "log" else float(value)


def _off_slider(control: Control, position: float) -> float:
    return 2**position if control.kind == "log" else position


def _rounded(control: Control, value: float) -> float:
    """As many digits as are shown: a file that people read."""
    return control.nearest(float(control.shown(value)))
