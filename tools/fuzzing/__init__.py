"""What tools/fuzz.py is made of: mutations, the formats, and a process that inputs are fed to."""
