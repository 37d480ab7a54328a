"""Raises while it is imported."""

SIDES = {"heads": 1}
EDGE = SIDES["edge"]
