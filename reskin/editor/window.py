"""The editor's window: the live picture, a strip of materials below it, a page of controls beside it, and the file.

One thread: events in, edits to the document, its text to the studio, what the studio has painted to the screen. Never
waits for the studio. Ctrl+Z undoes, Ctrl+Y and Ctrl+Shift+Z redo, Ctrl+S saves.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pygame
import pygame_gui
from pygame_gui.elements import UIButton, UIImage, UILabel, UIPanel

from engine.config import MATERIALS
from reskin.editor import look
from reskin.editor.document import Location, ThemeDocument, open_document
from reskin.editor.fields import PAGES
from reskin.editor.panel import Edit, Page
from reskin.editor.question import Question
from reskin.editor.stage import Stage
from reskin.editor.studio import Shot, Studio, parsed
from reskin.errors import ReskinError, ThemeError
from reskin.flash_limiter import FlashLimiter
from reskin.flash_safety import FlashProfile
from reskin.renderer import Renderer
from reskin.theme_model import Theme
from reskin.themes import parse_theme
from reskin.toml_reader import read_text
from reskin.toml_writer import write_text
from reskin.whole_file import file_stamp

SIZE_PX, SMALLEST = (1280, 760), (960, 640)
FPS = 30
SIDE_PX, HEAD_PX, FOOT_PX, CHIPS_PX, PAD = 392, 56, 34, 74, 16
NOTE_S = 4.0
LOADING = "Loading the engine and what it paints ..."
HINT = "Drag the line over the picture to compare.  Ctrl+Z undo   Ctrl+Y redo   Ctrl+S save   Space stands still"


class Editor:
    """`path` is read, `target` is written: another one for a theme that comes with Reskin."""

    def __init__(
        self, path: Path, target: Path, open_renderer: Callable[[], Renderer], source: Path | None = None,
        flash_limiter: FlashProfile = "broadcast",
    ) -> None:  # fmt: skip
        self.path, self.target = path, target
        text = read_text(path, ThemeError, "theme")
        self.theme: Theme = parse_theme(text, f"theme {path}")
        self.document: ThemeDocument = open_document(text, path)
        self.studio = Studio(text, open_renderer, source)
        self.page, self.material = PAGES[0], MATERIALS[0]
        self.is_done = False
        self.error = ""  # why the newest text cannot be used
        self._failed = False  # the studio paints no more
        self._note, self._note_left_s = "", 0.0
        self._presses = 0  # names a gesture: changes of one key while a button is held are undone together
        self._stamp = file_stamp(target)
        self._stage = Stage(None if flash_limiter == "off" else FlashLimiter(flash_limiter, fps=FPS))
        self._said = text  # that `is_said` was worked out for
        self._question: Question | None = None
        self._loading: UILabel | None = None
        self._body: UIPanel | None = None
        pygame.display.init()
        pygame.font.init()
        pygame.display.set_caption(f"{self.theme.name} - Reskin theme editor")
        self.window = pygame.display.set_mode(SIZE_PX, pygame.RESIZABLE)
        pygame.key.set_repeat(350, 35)
        self._clock = pygame.time.Clock()
        self._build()

    def run(self) -> None:
        """Until the player closes the window."""
        try:
            while not self.is_done:
                self.step(self._clock.tick(FPS) / 1000)
        finally:
            self.close()

    def close(self) -> None:
        self.studio.close()
        pygame.quit()

    def step(self, passed_s: float) -> None:
        """One picture of the window: events, the studio's news, drawing."""
        for event in pygame.event.get():
            self._handle(event)
        shot = self._take()
        if self._loading is not None and (shot is not None or self._failed):
            self._loading.kill()
            self._loading = None
        if shot is not None:
            self._stage.put(shot)
            self.error = shot.error
            if shot.theme is not self.theme:
                self.theme = shot.theme
                self._refresh()
        self._note_left_s = max(0.0, self._note_left_s - passed_s)
        self._show_foot()
        self.manager.update(passed_s)
        self.window.fill(look.BACKGROUND)
        self._stage.draw(self.window)
        if self.page == "Material":
            pygame.draw.rect(self.window, look.TEXT, self._chips[self.material].rect.inflate(6, 6), 2, border_radius=4)
        self.manager.draw_ui(self.window)
        pygame.display.flip()

    def _take(self) -> Shot | None:
        """What the studio has painted; when it has failed that is told, and the theme can still be edited and saved."""
        if self._failed:
            return None
        try:
            return self.studio.take()
        except ReskinError as error:
            self._failed, self.error = True, str(error)
            return None

    def apply(self, edit: Edit) -> None:
        if edit.value is None:
            self.document.remove(edit.location)
        else:
            drag = self._presses if pygame.mouse.get_pressed()[0] else None
            self.document.set(edit.location, edit.value, ("typed", self._presses) if edit.is_typed else drag)
        self._changed(rebuild=edit.value is None)  # what is derived from now on: a drop-down shows it only when built

    def _take_typed(self, *, every: bool = True) -> None:
        for edit in self._page.typed(every=every):
            self.apply(edit)

    def undo(self) -> None:
        self._take_typed()
        if self.document.undo():
            self._changed(rebuild=True)

    def redo(self) -> None:
        self._take_typed()
        if self.document.redo():
            self._changed(rebuild=True)

    def save(self) -> bool:
        """Writes the file when it can be used and nobody else has changed it; says so either way."""
        self._take_typed()
        _, wrong = parsed(self.document.text, self.theme, f"theme {self.target}")
        if wrong:
            self._tell(wrong)
            return False
        try:
            if file_stamp(self.target) != self._stamp:
                self._stamp = file_stamp(self.target)
                self._tell("Another program has changed the file since. Save again to write over it.")
                return False
            write_text(self.target, self.document.text, ThemeError)
        except ReskinError as error:
            self._tell(str(error))
            return False
        self._stamp = file_stamp(self.target)
        self.document.mark_saved()
        self._tell(f"Saved: {self.target}")
        return True

    def ask_to_close(self) -> None:
        self._take_typed()
        if not self.document.is_dirty:
            self.is_done = True
        elif self._question is None:
            self._ask()

    def _handle(self, event: pygame.event.Event) -> None:
        if event.type == pygame.QUIT:
            return self.ask_to_close()
        if event.type == pygame.VIDEORESIZE:
            return self._resized((event.w, event.h))
        if event.type == pygame.MOUSEBUTTONDOWN:
            self._presses += 1
        if event.type == pygame.KEYDOWN and self._key(event):
            return None
        taken = self.manager.process_events(event)
        self._take_typed(every=False)
        if event.type == pygame_gui.UI_BUTTON_PRESSED and (action := self._actions().get(event.ui_element)):
            action()
            return None
        if self._question is not None:
            self._question.handle(event)
            return None
        if (edit := self._page.handle(event)) is not None:
            self.apply(edit)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and not taken:
            self._chip_at(event.pos)
        self._stage.handle(event)
        return None

    def _key(self, event: pygame.event.Event) -> bool:
        if event.mod & pygame.KMOD_CTRL:
            again = event.key == pygame.K_y or (event.key == pygame.K_z and event.mod & pygame.KMOD_SHIFT)
            action = self.redo if again else {pygame.K_z: self.undo, pygame.K_s: self.save}.get(event.key)
            if action is not None and self._question is None:
                action()
                return True
        typing = any(getattr(element, "is_focused", False) for element in self.manager.get_focus_set() or ())
        if event.key == pygame.K_SPACE and not typing:
            self.studio.paused = not self.studio.paused
            self._tell("It stands still. Space: on." if self.studio.paused else "It moves on.")
            return True
        return False

    def _actions(self) -> dict[UIButton, Callable[[], object]]:
        tabs = {button: lambda page=page: self._open(page) for page, button in self._tabs.items()}
        return {**tabs, self._save: self.save, self._undo: self.undo, self._redo: self.redo}

    def _changed(self, *, rebuild: bool = False) -> None:
        self.studio.put(self.document.text)
        if rebuild or self._failed:
            self.theme, _ = parsed(self.document.text, self.theme)  # the studio tells what is wrong
        if rebuild:
            self._rebuild_page()
            self._refresh()
        self._show_state()

    def _refresh(self) -> None:
        held = pygame.mouse.get_pressed()[0]
        self._page.refresh(self.theme, self._is_said, busy=held)
        for name, image in self._chips.items():
            ramp = list(self.theme.materials()[name].ramp)
            image.set_image(look.ramp_picture(ramp, image.rect.size, smooth=len(ramp) > 1))
        self._title.set_text(self.theme.name)

    def _is_said(self, location: Location) -> bool:
        return self.document.get(location) is not None

    def _open(self, page: str) -> None:
        self.page = page
        self._rebuild_page()

    def _chip_at(self, at: tuple[int, int]) -> None:
        for name, image in self._chips.items():
            if image.rect.inflate(4, 24).collidepoint(at):
                self.material = name
                self._open("Material")

    def _tell(self, note: str) -> None:
        self._note, self._note_left_s = note, NOTE_S

    def _resized(self, size_px: tuple[int, int]) -> None:
        self._take_typed()
        wanted = max(size_px[0], SMALLEST[0]), max(size_px[1], SMALLEST[1])
        if wanted != size_px:
            self.window = pygame.display.set_mode(wanted, pygame.RESIZABLE)
        self._build()

    def _build(self) -> None:
        w, h = self.window.get_size()
        self.manager = pygame_gui.UIManager((w, h), theme_path=look.gui_theme())
        manager = self.manager
        left = w - SIDE_PX
        self._stage.resize(pygame.Rect(0, HEAD_PX, left, h - HEAD_PX - CHIPS_PX - FOOT_PX))
        wide = left - 3 * PAD - 260
        self._title = UILabel(pygame.Rect(PAD, 6, wide, 28), self.theme.name, manager, object_id="#title")
        self._file = UILabel(pygame.Rect(PAD, 32, wide, 20), "", manager, object_id="#dim")
        buttons = []
        for index, (text, style) in enumerate((("Undo", None), ("Redo", None), ("Save", "#save"))):
            at = pygame.Rect(left - PAD - (3 - index) * 84, 13, 78, 30)
            buttons.append(UIButton(at, text, manager, object_id=style))
        self._undo, self._redo, self._save = buttons
        self._foot = UILabel(pygame.Rect(PAD, h - FOOT_PX, left - 2 * PAD, FOOT_PX - 6), "", manager, object_id="#dim")
        self._alarm = UILabel(self._foot.rect.copy(), "", manager, object_id="#error", visible=0)
        self._chips, self._names = {}, {}
        step = (left - 2 * PAD) / len(MATERIALS)
        top = h - FOOT_PX - CHIPS_PX + 12
        for index, name in enumerate(MATERIALS):
            at = pygame.Rect(round(PAD + index * step), top, round(step) - 6, 26)
            self._chips[name] = UIImage(at, look.ramp_picture([(0, 0, 0)], at.size), manager)
            self._names[name] = UILabel(at.move(0, 28), name, manager, object_id="#dim")
        self._loading = None
        if self._stage.is_empty and not self._failed:
            at = pygame.Rect(0, 0, 330, 30)
            at.center = self._stage.area.center
            self._loading = UILabel(at, LOADING, manager, object_id="#dim")
        self._side = UIPanel(pygame.Rect(left, 0, SIDE_PX, h), manager=manager)
        self._tabs = {}
        tab = (SIDE_PX - 2 * PAD + 6) // len(PAGES)
        for index, page in enumerate(PAGES):
            at = pygame.Rect(PAD + index * tab, 13, tab - 6, 30)
            self._tabs[page] = UIButton(at, page, manager, self._side)
        self._question, self._body = None, None
        self._rebuild_page()
        self._refresh()
        self._show_state()

    def _rebuild_page(self) -> None:
        side, manager = self._side, self.manager
        if self._body is not None:
            self._take_typed()
            self._body.kill()
        below = pygame.Rect(0, HEAD_PX, SIDE_PX, side.rect.h - HEAD_PX)
        self._body = UIPanel(below, manager=manager, container=side)
        title = self.material.capitalize() if self.page == "Material" else self.page
        UILabel(pygame.Rect(PAD, 4, SIDE_PX - 2 * PAD, 30), title, manager, self._body, object_id="#title")
        area = pygame.Rect(PAD, 42, SIDE_PX - 2 * PAD - 6, 0)
        self._page = Page(self.manager, self._body, area, self.page, self.material, self.theme)
        self._page.refresh(self.theme, self._is_said, busy=True)
        for page, button in self._tabs.items():
            (button.select if page == self.page else button.unselect)()
        for name, label in self._names.items():
            chosen = self.page == "Material" and name == self.material
            label.change_object_id("#accent" if chosen else "#dim")

    def _show_state(self) -> None:
        (self._undo.enable if self.document.can_undo else self._undo.disable)()
        (self._redo.enable if self.document.can_redo else self._redo.disable)()
        own = "" if self.target == self.path else "saves a copy of your own: "
        self._file.set_text(f"{'unsaved, ' if self.document.is_dirty else ''}{own}{_short(self.target)}")

    def _show_foot(self) -> None:
        alarm = " ".join(self.error.split())
        note = self._note if self._note_left_s else HINT
        for label, text, shown in ((self._alarm, alarm, bool(alarm)), (self._foot, note, not alarm)):
            if shown and label.text != text:
                label.set_text(text)
            if label.visible != shown:
                (label.show if shown else label.hide)()

    def _ask(self) -> None:
        told = f"{self.theme.name} has changes that are not saved."
        answers = {"Save": self._save_and_close, "Discard": self._discard, "Keep on": self._stay}
        over = self.window.get_rect()
        self._question = Question(self.manager, over, "Unsaved changes", told, answers, self._stay)

    def _save_and_close(self) -> None:
        self._stay()
        self.is_done = self.save()

    def _discard(self) -> None:
        self.is_done = True

    def _stay(self) -> None:
        if self._question is not None:
            self._question.close()
        self._question = None


def _short(path: Path) -> str:
    home = str(Path.home())
    text = str(path)
    return "~" + text[len(home) :] if text.startswith(home + os.sep) else text
