"""What would go wrong in a sweep, found out before anything starts."""
