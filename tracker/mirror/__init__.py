"""Copies between run folders and MongoDB, which may be repeated without doubling anything."""
