"""The accounting of a Slurm: slurmdbd with a database of its own, in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.slurm.cluster import free_ports, wait

PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacct", "sacctmgr")

DAEMON = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=slurm
StoragePass={password}
StorageLoc=accounts
"""
CONTROLLER = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge.socket
"""
RIGHTS = """
CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO slurm@'127.0.0.1';
"""


@dataclass
class Accounting:
    """A slurmdbd for the cluster in this folder, which needs its munge to be up."""

    folder: Path
    ports: tuple[int, ...] = field(
        default_factory=lambda: tuple(free_ports(2))
    )  # of slurmdbd, of the database
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def configuration(self) -> str:
        """What the controller must know."""
        return CONTROLLER.format(port=self.ports[0], folder=self.folder)

    def start(self) -> None:
        """Bring the database and slurmdbd up, and make the cluster known to them."""
        self._start_database()
        told = self.folder / "slurmdbd.conf"
        words = {"folder": self.folder, "password": self.password}
        told.touch(mode=0o600)
        told.write_text(DAEMON.format(port=self.ports[0], database_port=self.ports[1], **words))
        self._start("slurmdbd", "-D")
        add = ("sacctmgr", "--immediate", "add", "cluster", "lab")
        wait(lambda: self._run(*add) == 0, 120)

    def stop(self) -> None:
        """End both, the database last."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)
        self.processes.clear()

    def _start_database(self) -> None:
        data, rights = self.folder / "database", self.folder / "rights.sql"
        plain = ("--no-defaults", f"--datadir={data}", "--user=root")
        subprocess.run(
            ("mariadb-install-db", *plain, "--skip-test-db"), check=True, capture_output=True, timeout=120
        )
        rights.write_text(RIGHTS.format(password=self.password))
        self._start(
            "mariadbd",
            *plain,
            f"--socket={self.folder}/database.socket",
            f"--pid-file={self.folder}/database.pid",
            f"--port={self.ports[1]}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            f"--init-file={rights}",
        )

    def _start(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("ab") as output:
            self.processes.append(
                subprocess.Popen(
                    command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            )

    def _run(self, *command: str) -> int:
        return subprocess.run(command, env=self._environment(), capture_output=True, timeout=60).returncode

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}


def missing() -> list[str]:
    """The programs that this would need and that are not here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]
