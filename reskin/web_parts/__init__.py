"""What the pages of Reskin and their servers share: look, controls, assembly; who gets in, secrets, theme gallery.

The streamer outputs (reskin/sinks/web) and what plays at a distance (reskin/serve) are made of these files and of
their own.
"""
