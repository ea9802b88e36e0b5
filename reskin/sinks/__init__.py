"""Where finished frames go besides the overlay. `opened.py` opens them for a run, `shield.py` stands before each.

recordings, the virtual camera    recording.py, virtual_camera.py: a thread that a mailbox feeds (sink_thread.py)
the output window                 output_window.py, window_process.py: a process that shares memory (picture_process.py)
the pages for OBS                 web/: such a process, a server in it

Each takes the newest picture alone, so that a slow one never slows the screen, nor another.
"""
