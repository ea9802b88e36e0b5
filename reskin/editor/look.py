"""How the editor looks: colours and shapes for pygame_gui, and the little pictures that it draws itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pygame

from reskin.palette import Rgb, from_oklch

BACKGROUND, PANEL, CONTROL, HOVER = "#14161a", "#1b1e24", "#2a2f38", "#363d49"
TEXT, DIM, ACCENT, ERROR = "#e4e6ea", "#8b92a0", "#6ea8fe", "#ff8a80"
FONT_PX = 15
MOST_CHROMA = 0.33  # of any colour on a screen, in Oklab
HUES = 36


def gui_theme() -> dict[str, Any]:
    """For `pygame_gui.UIManager(theme_path=...)`."""
    flat = {"border_width": "0", "shadow_width": "0", "shape": "rounded_rectangle", "shape_corner_radius": "5"}
    colors = {
        "normal_bg": CONTROL, "hovered_bg": HOVER, "selected_bg": ACCENT, "active_bg": HOVER, "dark_bg": PANEL,
        "disabled_bg": PANEL, "disabled_dark_bg": PANEL, "normal_text": TEXT, "hovered_text": "#ffffff",
        "selected_text": "#101216", "active_text": "#ffffff", "disabled_text": "#565d69", "normal_border": CONTROL,
        "hovered_border": ACCENT, "selected_border": ACCENT, "active_border": ACCENT, "disabled_border": PANEL,
    }  # fmt: skip
    colors |= {f"{state}_text_shadow": "#00000000" for state in ("normal", "hovered", "disabled", "selected", "active")}
    font = {"name": "noto_sans", "size": str(FONT_PX)}
    labels = {"#dim": DIM, "#error": ERROR, "#accent": ACCENT}
    left = {"text_horiz_alignment": "left", "text_horiz_alignment_padding": "0"}
    return {
        "defaults": {"colours": colors, "font": font},
        "label": {"misc": left},
        **{name: {"colours": {"normal_text": color}, "misc": left} for name, color in labels.items()},
        "#title": {"font": font | {"size": "20", "bold": "1"}, "misc": left},
        "button": {"misc": flat},
        "#save": {"colours": {"normal_bg": "#3c6fb8", "hovered_bg": "#4b83d1", "normal_text": "#ffffff"}, "misc": flat},
        "#plain": {"colours": {"normal_bg": PANEL, "normal_text": DIM}, "misc": flat},
        "panel": {"misc": {"border_width": "0", "shadow_width": "0"}, "colours": {"dark_bg": PANEL}},
        "horizontal_slider": {
            "misc": {**flat, "enable_arrow_buttons": "0", "sliding_button_width": "14"},
            "colours": {"dark_bg": CONTROL},
        },
        "horizontal_slider.#sliding_button": {
            "misc": flat,
            "colours": {"normal_bg": "#aab2c0", "hovered_bg": "#ffffff", "selected_bg": ACCENT, "active_bg": ACCENT},
        },
        "text_entry_line": {
            "misc": flat | {"border_width": "1", "padding": "6,3"},
            "colours": {
                "dark_bg": "#121419",
                "normal_border": CONTROL,
                "selected_bg": "#3c6fb8",
                "selected_text": TEXT,
            },
        },
        "drop_down_menu": {"misc": flat},
        "drop_down_menu.button": {"misc": flat | {"shape_corner_radius": "3"}},
        "window": {"misc": {"shadow_width": "12", "border_width": "1"}, "colours": {"dark_bg": PANEL}},
        "window.#title_bar": {"misc": {"border_width": "0"}, "colours": {"normal_bg": CONTROL, "hovered_bg": CONTROL}},
        "check_box": {"misc": flat},
    }


def ramp_picture(colors: list[Rgb], size_px: tuple[int, int], *, smooth: bool = True) -> pygame.Surface:
    """Colours from left to right, (w, h) pixels: running into each other, or in blocks."""
    w, h = size_px
    stops = np.array(colors, np.float64)
    at = np.linspace(0, len(stops) - 1, w) if smooth else (np.arange(w) * len(stops) // w).astype(np.float64)
    row = np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=1)
    surface = pygame.Surface(size_px)
    pygame.surfarray.blit_array(surface, np.repeat((row * 255 + 0.5).astype(np.uint8)[:, None], h, axis=1))
    return surface


def swatch_picture(color: Rgb, size_px: tuple[int, int], *, chosen: bool) -> pygame.Surface:
    """One colour; the chosen one with a frame that is seen on any colour."""
    surface = pygame.Surface(size_px)
    surface.fill([round(255 * channel) for channel in color])
    if chosen:
        pygame.draw.rect(surface, "#ffffff", surface.get_rect(), 2)
        pygame.draw.rect(surface, "#000000", surface.get_rect().inflate(-4, -4), 1)
    return surface


def scale_colors(axis: int, lch: tuple[float, float, float]) -> list[Rgb]:
    """The colours along a slider of lightness (0), chroma (1) or hue (2), the other two as they are."""
    l, c, h = lch
    steps = [step / (HUES - 1) for step in range(HUES)]
    match axis:
        case 0:
            return [from_oklch(step, c, h) for step in steps]
        case 1:
            return [from_oklch(l, step * MOST_CHROMA, h) for step in steps]
        case _:
            return [from_oklch(min(max(l, 0.65), 0.8), max(c, 0.15), step * 2 * math.pi) for step in steps]
