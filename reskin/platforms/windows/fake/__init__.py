"""A fake Windows, shipped: enough of the system, dxcam, windows-capture and pygame to run the real code anywhere.

It keeps to what is documented or was reported of the real ones, their traps above all; each trap stands in the
docstring of the class that lays it. `FakeWindows` is the desktop; `toolkit.FakeSystem().system` is what `windows.parts`
works on.
"""
