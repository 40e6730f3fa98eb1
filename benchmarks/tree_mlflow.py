"""MLflow's side of the benchmark of the tree; run by a Python that has MLflow, which the project has not.

python tree_mlflow.py fill FOLDER < runs, one JSON object a line
python tree_mlflow.py add FOLDER < one more
python tree_mlflow.py search FOLDER        prints the seconds of CPU of each look at all runs
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

LOOKS = 2  # the first one of a process also warms up


def main() -> None:
    task, folder = sys.argv[1:]
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    if task == "search":
        sys.stdout.write(json.dumps(search()))
        return
    client = MlflowClient()
    found = client.get_experiment_by_name("tiny")
    experiment = found.experiment_id if found else client.create_experiment("tiny", f"file://{folder}/files")
    for line in sys.stdin:
        log(client, experiment, json.loads(line))


def log(client: MlflowClient, experiment: str, run: dict[str, Any]) -> None:
    id = client.create_run(experiment, start_time=run["start"]).info.run_id
    metrics = [Metric(name, value, run["start"], 19) for name, value in run["metrics"].items()]
    client.log_batch(id, metrics, [Param(name, str(value)) for name, value in run["config"].items()])
    client.set_terminated(id, "FINISHED", run["start"] + 90_000)


def search() -> dict[str, Any]:
    seconds, shape = [], (0, 0)
    mlflow.search_runs(experiment_names=["tiny"], max_results=1)  # the connection, what it imports
    for _ in range(LOOKS):
        began = time.process_time()
        shape = mlflow.search_runs(experiment_names=["tiny"], max_results=50_000).shape
        seconds.append(time.process_time() - began)
    return {"seconds": seconds, "rows": shape[0], "columns": shape[1], "version": mlflow.__version__}


if __name__ == "__main__":
    main()
