"""LSD, Live-Stream Diffusion: the model, its worlds and its training. Knows nothing of screens."""

import os

# onnxruntime from 1.29 on sends what models it loads, and when, to its maker unless this is set before its import;
# it also leaves a file named .ses in the temporary folder. Nothing of ours leaves the machine unasked.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
