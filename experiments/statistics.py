"""Train with BatchNorm, whose statistics follow the batches, stay frozen, or are computed again."""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("statistics", save_git_info=False)
train_with(experiment, fixed={"norm": "batchnorm"})

if __name__ == "__main__":
    run_commandline(experiment)
