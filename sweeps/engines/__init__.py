"""Engines that start runs: on this machine, later on others."""
