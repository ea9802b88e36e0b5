"""The kinds of error that Reskin raises on purpose; a package may subclass one for what it alone must tell apart.

The text says what was done, got, expected, and what to do next.

ReskinError
├── ThemeError       a theme file that cannot be used
├── TimelineError    a timeline that cannot be used
├── SettingsError    a settings file that cannot be used
├── ProfileError     a game's profile that cannot be used
├── DisplayError     no screen, or one that went away
├── CaptureError     a window or file that cannot be grabbed
│   └── SelfCaptureError the grab shows our own overlay
├── OverlayError     the overlay cannot be shown
├── HotkeyError      a chord that cannot be registered
├── EngineError      weights that do not load, a model that failed
├── VideoError       a video, picture or array that cannot be read or written
├── StreamError      the pages for OBS cannot be served
├── ServeError       an engine at a distance that cannot be served, or that refuses
├── SinkError        a place for finished frames that cannot be opened, or that failed
└── SinkEnded        one that the player has closed by hand: nothing is wrong
"""


class ReskinError(Exception):
    """Base of all; the command line prints its text without a traceback and exits with `exit_code`."""

    exit_code = 1


class ThemeError(ReskinError):
    pass


class TimelineError(ReskinError):
    pass


class SettingsError(ReskinError):
    pass


class ProfileError(ReskinError):
    pass


class DisplayError(ReskinError):
    pass


class CaptureError(ReskinError):
    pass


class SelfCaptureError(CaptureError):
    pass


class OverlayError(ReskinError):
    pass


class HotkeyError(ReskinError):
    pass


class EngineError(ReskinError):
    pass


class VideoError(ReskinError):
    pass


class StreamError(ReskinError):
    pass


class ServeError(ReskinError):
    pass


class SinkError(ReskinError):
    pass


class SinkEnded(ReskinError):
    pass
