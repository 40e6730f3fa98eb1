"""From the numbers of runs to verdicts: estimates, tests, looks, seeds."""
