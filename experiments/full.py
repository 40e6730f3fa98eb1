"""Train every parameter: what the other experiments are compared with."""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("full", save_git_info=False)
train_with(
    experiment,
    fixed={"trainable": "all", "norm": "batchnorm", "batchnorm": "train", "calibration_batches": 0},
)

if __name__ == "__main__":
    run_commandline(experiment)
