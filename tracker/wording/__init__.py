"""What was found, in sentences that say no more than their numbers."""
