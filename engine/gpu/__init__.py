"""The frame around the networks as torch tensors: for GPUs, where it becomes one CUDA graph. Needs torch."""
