"""What is missing at one moment, who is at it, how long it still takes."""
