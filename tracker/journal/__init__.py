"""A run's own folder: written first, append-only, readable at any moment."""
