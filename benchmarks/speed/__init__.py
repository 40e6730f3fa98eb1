"""The speed of training and of looking, beside a widely used training script and beside ourselves."""
