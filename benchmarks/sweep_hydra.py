"""Hydra's side of the benchmark of sweeps; run by a Python that has Hydra, which the project has not.

python sweep_hydra.py PYTHON WORKERS        in the folder of the scene
"""

from __future__ import annotations

import subprocess
import sys

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

ConfigStore.instance().store(name="tiny", node={"x": 1, "seed": 1, "python": ""})


@hydra.main(version_base=None, config_path=None, config_name="tiny")
def main(config: DictConfig) -> None:
    words = ["toy.py", "with", f"x={config.x}", f"seed={config.seed}"]
    subprocess.run([config.python, *words], check=True)


if __name__ == "__main__":
    python, workers = sys.argv[1:]
    sys.argv[1:] = [
        "--multirun", "x=range(1,9)", "seed=range(1,6)", f"python={python}",
        "hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}", "hydra.job.chdir=false",
    ]  # fmt: skip
    main()
