"""Not Python."""

SIDES = ("heads", "tails"
EDGE = None
