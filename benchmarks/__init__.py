"""Measurements that print numbers for docs/."""
