"""The bundled game and `reskin demo`."""
