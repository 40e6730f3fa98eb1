"""Train BatchNorm's scale and shift only; convolutions and output layer keep their random start.

The question is Frankle, Schwab & Morcos', "Training BatchNorm and Only BatchNorm" (arXiv 2003.00152).
"""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("bn_only", save_git_info=False)
train_with(
    experiment,
    fixed={"trainable": "batchnorm", "norm": "batchnorm", "batchnorm": "train", "calibration_batches": 0},
)

if __name__ == "__main__":
    run_commandline(experiment)
