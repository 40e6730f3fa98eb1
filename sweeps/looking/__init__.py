"""Looks at sweeps from any machine, and ends them."""
