"""Training of CIFAR ResNets as a pure library: settings and data in, numbers out."""
