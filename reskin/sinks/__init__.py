"""Where finished frames go besides the overlay: one file a sink.

Each takes the newest picture from a mailbox or from shared memory of its own, so that a slow one never slows the
screen, nor another.
"""
