"""The engine in another room: `reskin run --engine LINK`. aiortc is imported only in a process of its own."""
