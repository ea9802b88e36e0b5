"""The colour controls of a page: a row of swatches, the chosen one's hex text, and sliders in Oklab.

Lightness, chroma and hue are kept apart from the colour itself, so a hue is not lost on the way through grey. Knows
nothing of documents: `handle` returns what was changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pygame
import pygame_gui
from pygame_gui.elements import UIButton, UIHorizontalSlider, UIImage, UILabel, UITextEntryLine

from reskin.editor import look
from reskin.palette import from_oklch, parse_hex, to_hex, to_oklch

MOST = 4  # colours of a ramp
AXES = (("Lightness", 1.0), ("Chroma", look.MOST_CHROMA), ("Hue", 360.0))
ROW_PX, STRIP_PX, SWATCH_PX = 30, 7, 36


@dataclass(frozen=True)
class Changed:
    """The colours as they are now; `index` is the one that was changed, None where their number was."""

    colors: tuple[str, ...]
    index: int | None


class ColorControls:
    """`names` label single colours; without them the row is a ramp, which can grow and shrink."""

    def __init__(
        self, manager: pygame_gui.UIManager, panel: pygame_gui.core.IContainerLikeInterface, rect: pygame.Rect,
        colors: tuple[str, ...], names: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._manager, self._panel, self._rect = manager, panel, rect
        self._names = names
        self.colors = colors
        self.chosen = 0
        self._lch = to_oklch(parse_hex(colors[0]))
        self._swatches: list[UIImage] = []
        self._parts: list[UIButton | UILabel] = []
        self._build_row()
        top = rect.y + SWATCH_PX + (22 if names else 8)
        self._hex = UITextEntryLine(pygame.Rect(rect.right - 92, top, 92, 28), manager, panel)
        self._told = ""  # what was last put into it, or taken from it
        UILabel(pygame.Rect(rect.x, top, 200, 28), "Colour as #rrggbb", manager, panel, object_id="#dim")
        self._sliders, self._strips = [], []
        for axis, (name, high) in enumerate(AXES):
            y = top + 36 + axis * (ROW_PX + STRIP_PX)
            UILabel(pygame.Rect(rect.x, y, 92, ROW_PX - 4), name, manager, panel)
            wide = rect.w - 92
            self._strips.append((pygame.Rect(rect.x + 92, y, wide, STRIP_PX), axis))
            at = pygame.Rect(rect.x + 92, y + STRIP_PX + 1, wide, ROW_PX - 10)
            self._sliders.append(UIHorizontalSlider(at, self._shown(axis), (0.0, high), manager, panel))
        self._strip_images = [
            UIImage(at, look.ramp_picture(look.scale_colors(axis, self._lch), at.size), manager, container=panel)
            for at, axis in self._strips
        ]
        self._show_hex()

    @staticmethod
    def height(has_names: bool) -> int:
        return SWATCH_PX + (22 if has_names else 8) + 36 + 3 * (ROW_PX + STRIP_PX) + 6

    def refresh(self, colors: tuple[str, ...]) -> None:
        """From outside: an undo, or another colour from the prompt."""
        if colors == self.colors:
            return
        grown = len(colors) != len(self.colors)
        self.colors = colors
        self.chosen = min(self.chosen, len(colors) - 1)
        self._lch = to_oklch(parse_hex(colors[self.chosen]))
        if grown:
            self._build_row()
        self._show_all()

    def handle(self, event: pygame.event.Event) -> Changed | None:
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            for index, image in enumerate(self._swatches):
                if image.rect.collidepoint(event.pos) and index != self.chosen:
                    self._choose(index)
        elif event.type == pygame_gui.UI_HORIZONTAL_SLIDER_MOVED and event.ui_element in self._sliders:
            axis = self._sliders.index(event.ui_element)
            value = float(event.value)
            self._lch = tuple(  # type: ignore[assignment]
                (math.radians(value) if axis == 2 else value) if n == axis else old for n, old in enumerate(self._lch)
            )
            return self._change(to_hex(from_oklch(*self._lch)))
        elif event.type == pygame_gui.UI_TEXT_ENTRY_FINISHED and event.ui_element is self._hex:
            return self._entered(event.text)
        elif event.type == pygame_gui.UI_BUTTON_PRESSED and event.ui_element in self._parts:
            return self._resize(1 if event.ui_element.text == "+" else -1)
        return None

    def typed(self, *, every: bool) -> Changed | None:
        """A hex text that was typed without Enter, once the entry is left, or at once for `every`."""
        text = self._hex.get_text()
        return self._entered(text) if text != self._told and (every or not self._hex.is_focused) else None

    def _entered(self, text: str) -> Changed | None:
        """The colour of a hex text; what is none is put back."""
        try:
            rgb = parse_hex(text.strip())
        except ValueError:
            self._show_hex()
            return None
        self._told = text
        self._lch = to_oklch(rgb)
        changed = self._change(to_hex(rgb))
        self._show_all()
        return changed

    def _change(self, color: str) -> Changed:
        self.colors = tuple(color if n == self.chosen else old for n, old in enumerate(self.colors))
        self._show_swatch(self.chosen)
        self._show_strips()
        self._show_hex()
        return Changed(self.colors, self.chosen)

    def _resize(self, by: int) -> Changed | None:
        """One more beside the chosen, or without it."""
        if not 1 <= len(self.colors) + by <= MOST:
            return None
        at = self.chosen
        self.colors = (
            (*self.colors[: at + 1], *self.colors[at:]) if by > 0 else (*self.colors[:at], *self.colors[at + 1 :])
        )
        self.chosen = min(at + (by > 0), len(self.colors) - 1)
        self._lch = to_oklch(parse_hex(self.colors[self.chosen]))
        self._build_row()
        self._show_all()
        return Changed(self.colors, None)

    def _choose(self, index: int) -> None:
        before, self.chosen = self.chosen, index
        self._lch = to_oklch(parse_hex(self.colors[index]))
        self._show_swatch(before)
        self._show_all()

    def _build_row(self) -> None:
        for part in (*self._swatches, *self._parts):
            part.kill()
        rect, count = self._rect, len(self.colors)
        buttons = 0 if self._names else 2
        gap = 6
        wide = (rect.w - buttons * 36 - (count - 1 + buttons) * gap) // count
        self._swatches, self._parts = [], []
        for index, color in enumerate(self.colors):
            at = pygame.Rect(rect.x + index * (wide + gap), rect.y, wide, SWATCH_PX)
            picture = look.swatch_picture(parse_hex(color), at.size, chosen=index == self.chosen)
            self._swatches.append(UIImage(at, picture, self._manager, container=self._panel))
            if self._names:
                below = pygame.Rect(at.x, at.bottom, wide, 20)
                self._parts.append(UILabel(below, self._names[index], self._manager, self._panel, object_id="#dim"))
        for index, (text, tip) in enumerate((("-", "without the chosen"), ("+", "one more"))[:buttons]):
            at = pygame.Rect(rect.right - (2 - index) * 36 - (1 - index) * gap, rect.y, 36, SWATCH_PX)
            self._parts.append(UIButton(at, text, self._manager, self._panel, tool_tip_text=tip))

    def _shown(self, axis: int) -> float:
        l, c, h = self._lch
        return (min(max(l, 0.0), 1.0), min(c, look.MOST_CHROMA), math.degrees(h) % 360)[axis]

    def _show_all(self) -> None:
        for axis, slider in enumerate(self._sliders):
            slider.set_current_value(self._shown(axis))
            slider.has_moved_recently = False
        for index in range(len(self.colors)):
            self._show_swatch(index)
        self._show_strips()
        self._show_hex()

    def _show_swatch(self, index: int) -> None:
        image = self._swatches[index]
        rgb = parse_hex(self.colors[index])
        image.set_image(look.swatch_picture(rgb, image.rect.size, chosen=index == self.chosen))

    def _show_strips(self) -> None:
        for image, (at, axis) in zip(self._strip_images, self._strips, strict=True):
            image.set_image(look.ramp_picture(look.scale_colors(axis, self._lch), at.size))

    def _show_hex(self) -> None:
        if not self._hex.is_focused:
            self._hex.set_text(self.colors[self.chosen])
            self._told = self._hex.get_text()
