"""Train everything but BatchNorm, which is a fixed affine map: neither its statistics nor its scale move.

The statistics are those of the first `calibration_batches` forward passes of the untrained network.
"""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("frozen_bn", save_git_info=False)
train_with(
    experiment,
    fixed={"trainable": "all_but_batchnorm", "norm": "batchnorm", "batchnorm": "frozen"},
    defaults={"calibration_batches": 8},
)

if __name__ == "__main__":
    run_commandline(experiment)
