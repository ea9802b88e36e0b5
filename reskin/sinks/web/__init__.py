"""The browser source for OBS, the control page and what serves them, on this machine alone.

the loop's thread       sink.py: a picture into the mailbox
the encoder's thread    feed.py: one JPEG a picture, for all viewers
the server's thread     server.py: sockets and the event loop; guard.py: who gets in; routes.py: what they get
"""
