"""GPU kernels and what calls them; importing the package needs neither torch nor triton."""
