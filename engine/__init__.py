"""LSD, Live-Stream Diffusion: the model, its worlds and its training. Knows nothing of screens."""
