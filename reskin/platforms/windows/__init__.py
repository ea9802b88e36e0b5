"""Windows: window capture, overlay, hotkeys. Imports on any system; the system's own parts are loaded when opened."""
