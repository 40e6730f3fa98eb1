"""Train every parameter under the normalisation of one's choice, before or after the activation."""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("normalisation", save_git_info=False)
train_with(experiment, fixed={"trainable": "all", "batchnorm": "train", "calibration_batches": 0})

if __name__ == "__main__":
    run_commandline(experiment)
