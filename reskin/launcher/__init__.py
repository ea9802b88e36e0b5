"""The launcher: a small window for people without a terminal, to choose a game's window and a look, and to start."""
