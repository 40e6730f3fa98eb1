"""Train every parameter at a batch size of one's choice, with the learning rate following the batch.

`batch_size` is what an optimiser step sees, `micro_batch_size` what BatchNorm sees: two different questions.
"""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("batch_size", save_git_info=False)
train_with(
    experiment,
    fixed={"trainable": "all", "norm": "batchnorm", "batchnorm": "train", "calibration_batches": 0},
    defaults={"lr_rule": "linear"},
)

if __name__ == "__main__":
    run_commandline(experiment)
