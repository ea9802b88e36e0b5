"""The tool that compares wheels with our calls: it names what is missing or different. No wheel is fetched here."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tools import windows_wheels

FRAME = """
class Frame:
    def __init__(self, frame_buffer, width, height, timespan): ...
class CaptureControl:
    def is_finished(self): ...
    def stop(self): ...
class WindowsCapture:
    def __init__(self, cursor_capture=True, draw_border=None, secondary_window=None, minimum_update_interval=None,
                 dirty_region=None, monitor_index=None, window_name=None, window_hwnd=None): ...
    def start_free_threaded(self): ...
    def event(self, handler):
        handler.__name__ == "on_frame_arrived", handler.__name__ == "on_closed"
        self.frame_handler(frame, internal_capture_control)
"""


def _windows_capture(folder: Path, text: str) -> list[str]:
    with zipfile.ZipFile(folder / "windows_capture-9-cp39-abi3-win_amd64.whl", "w") as wheel:
        wheel.writestr("windows_capture/__init__.py", text)
    found = windows_wheels.differences(windows_wheels.sources(folder))
    return [difference for difference in found if difference.startswith("windows_capture")]


def test_a_wheel_as_it_is_called_has_no_differences(tmp_path: Path) -> None:
    assert _windows_capture(tmp_path, FRAME) == []


def test_a_parameter_that_went_a_default_and_a_missing_function_are_named(tmp_path: Path) -> None:
    changed = FRAME.replace("window_hwnd=None", "hwnd=None").replace("def stop(", "def end(").replace("on_closed", "x")
    found = "\n".join(_windows_capture(tmp_path, changed))
    assert "takes no 'window_hwnd' any more" in found
    assert "CaptureControl.stop is not there any more" in found
    assert "'handler.__name__ == \"on_closed\"' does not stand there any more" in found
    found = "\n".join(_windows_capture(tmp_path, FRAME.replace("cursor_capture=True", "cursor_capture=False")))
    assert "WindowsCapture.__init__ takes {'cursor_capture': 'False'" in found
