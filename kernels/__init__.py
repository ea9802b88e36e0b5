"""GPU kernels and their plain-torch specification. Empty of kernels until the GPU path is built."""
