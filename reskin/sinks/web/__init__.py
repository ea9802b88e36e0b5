"""The browser source for OBS, the control page and what serves them, on this machine alone.

the app, the loop's thread           sink.py: a picture into memory that a process of its own shares (process.py)
that process, the encoder's thread   feed.py: one JPEG a picture, for all viewers
that process, the server's thread    server.py: sockets; web_parts/guard.py: who gets in; routes.py: what they get
"""
