"""Where finished frames go besides the overlay: one file a sink.

Each has a mailbox of its own, so that a slow one never slows the screen, nor another.
"""
