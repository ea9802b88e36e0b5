"""`reskin selftest`: checks, on a person's own PC, that every part works, and writes what it found into a file."""
