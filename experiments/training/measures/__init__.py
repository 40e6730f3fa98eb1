"""What can be measured of a network beside its skill, when a run asks for it; each leaves it as it was."""
