"""A sweep from its start to its end, on any engine."""
