"""X11 through xcffib: window capture, window list, overlay. Each owns its connection, and so its events."""
