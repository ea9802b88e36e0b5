"""The theme editor: `reskin theme edit`. Sliders and colours beside a live picture; needs the extra `editor`.

document (the TOML, comments kept) <- panel (a page of controls) <- window (the loop) -> studio (the live picture)
"""
