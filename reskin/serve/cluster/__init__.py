"""Many GPUs behind one address, on Ray Serve: one replica a GPU, sessions pinned to theirs. See `app` for the parts."""
