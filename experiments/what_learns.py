"""Train the part of a network that `trainable` names; the rest keeps its random start.

The parts are those of Frankle, Schwab & Morcos, "Training BatchNorm and Only BatchNorm" (arXiv 2003.00152).
"""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("what_learns", save_git_info=False)
train_with(experiment, fixed={"norm": "batchnorm", "batchnorm": "train", "calibration_batches": 0})

if __name__ == "__main__":
    run_commandline(experiment)
