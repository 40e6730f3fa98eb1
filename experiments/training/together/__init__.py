"""Networks that differ in their random numbers alone, and answer as one."""
