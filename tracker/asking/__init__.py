"""Experiments asked what they take, without a record of it."""
