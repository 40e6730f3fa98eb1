"""Known mistakes, each beside the right way: `pitfall` says which, and the record shows the damage.

The right way is `pitfall=none`, but for two of them: beside freeze_after_step it is trainable=batchnorm, and
beside three_passes it is one_pass.
"""

from experiments.bridge import Experiment, run_commandline, train_with

experiment = Experiment("pitfalls", save_git_info=False)
train_with(experiment, fixed={"norm": "batchnorm"}, pitfalls=True)

if __name__ == "__main__":
    run_commandline(experiment)
