"""What the process of one run is made of: orders, signals, signs of life, the end."""
