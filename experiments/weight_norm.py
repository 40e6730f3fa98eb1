"""Weight normalisation in the place of BatchNorm, started from the data as Salimans & Kingma do."""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("weight_norm", save_git_info=False)
train_with(
    experiment,
    fixed={"trainable": "all", "norm": "weight_norm", "batchnorm": "train", "calibration_batches": 0},
)

if __name__ == "__main__":
    run_commandline(experiment)
