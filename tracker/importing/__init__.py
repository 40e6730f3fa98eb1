"""Texts that were edited in an exported table, brought back into the question file."""
