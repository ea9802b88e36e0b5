"""What the pages of Reskin share: their look, the theme gallery, slider and prompt, the plot, and their assembly.

The control page of the streamer outputs (reskin/sinks/web/pages) and the page that plays at a distance
(reskin/serve/page) are made of these files and of their own.
"""
