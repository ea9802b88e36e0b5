"""The engine in another room: `reskin run --engine LINK`. aiortc is imported in a process of its own, and only there."""
