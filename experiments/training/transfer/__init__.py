"""A network trained on one set of images, then trained further on another."""
