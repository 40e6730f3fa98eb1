"""A real Slurm of two nodes with counted graphics cards, on this machine and in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.engines.process_tree import descendants

PROGRAMS = ("sbatch", "scontrol", "slurmctld", "slurmd", "munged")
NODES = ("n1", "n2")
SECONDS = 60  # until the cluster must answer
STUCK = 20  # seconds after which a job that does not end on its node never will; KillWait is 10

# No cgroups, so that it runs in a container.
# A requeued job waits for cred_expire: 120 s unless told, and 5 s is the least.
CONFIGURATION = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu,shard
MpiDefault=none
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
ReturnToService=2
MinJobAge=600
MaxArraySize=6
KillWait=10
MessageTimeout=5
SlurmdTimeout=8
NodeName=DEFAULT CPUs=4 RealMemory=4000 Gres=gpu:2,shard:4
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first_port}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second_port}
PartitionName=day Nodes=n[1-2] Default=YES MaxTime=60 PriorityTier=1 GraceTime=30 State=UP
PartitionName=urgent Nodes=n[1-2] MaxTime=60 PriorityTier=9 PreemptMode=OFF State=UP
"""
CARDS = """
NodeName=n1 Name=gpu File={folder}/card[0-1]
NodeName=n2 Name=gpu File={folder}/card[2-3]
NodeName=n[1-2] Name=shard Count=4
"""


@dataclass
class Cluster:
    """A running Slurm; its commands find it by `environment`."""

    folder: Path
    extra: str = ""  # lines of slurm.conf, in the place of those with the same names
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to find this cluster."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Bring everything up and wait until both nodes are idle."""
        self.prepare()
        self.start_daemons()

    def start_daemons(self) -> None:
        """Start the controller and both nodes."""
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        wait(self.is_idle)

    def prepare(self) -> None:
        """Write the configuration, and start munge, by which all daemons know each other."""
        self._configure()
        self._start_munge()

    def is_idle(self) -> bool:
        """Whether no job is left and every node takes one, in both partitions."""
        states = self.run("sinfo", "-h", "-N", "-o", "%T").split()
        return states.count("idle") >= 2 * len(NODES) and not self.run("squeue", "-h").strip()

    def clear(self) -> None:
        """Cancel all jobs and wait until their nodes are free again, also those that Slurm has put aside."""
        began = time.monotonic()
        while not self.is_idle():
            passed = time.monotonic() - began
            assert passed < SECONDS, self.run("sinfo", "-N", "-l") + self.run("squeue")
            self.run("scancel", "--user=root")
            for node in self._nodes_that_are("down", "drain"):
                self.run("scontrol", "update", f"nodename={node}", "state=resume")
            # a node whose word that a job is over met no controller says it no more
            for node in self._nodes_that_are("completing") if passed > STUCK else ():
                self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=stuck")
            time.sleep(0.2)

    def _nodes_that_are(self, *states: str) -> set[str]:
        lines = [line.split() for line in self.run("sinfo", "-h", "-N", "-o", "%N %T").splitlines()]
        return {node for node, state in lines if state.startswith(states)}

    def start_controller(self) -> None:
        """Start slurmctld, with the state that it has kept."""
        self._start("slurmctld", "slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))

    def start_node(self, node: str) -> None:
        """Start the slurmd of one node."""
        self._start(node, "slurmd", "-D", "-f", str(self.folder / "slurm.conf"), "-N", node)

    def end_controller(self) -> None:
        """End slurmctld in order: killed, it could count from an earlier job again and upset the nodes."""
        process = self.processes.pop("slurmctld")
        process.terminate()
        process.wait()

    def kill(self, name: str) -> None:
        """kill -9 of a daemon with all that it has started, as if its machine lost power."""
        process = self.processes.pop(name)
        process.kill()
        self._kill_jobs(name)
        process.wait()

    def stop(self) -> None:
        """End all that was started here, jobs included."""
        for process in self.processes.values():
            process.kill()
        for node in NODES:
            self._kill_jobs(node)
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def run(self, *command: str) -> str:
        """What a command of Slurm prints; nothing where it fails."""
        done = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    def _configure(self) -> None:
        for name in ("state", "spool.n1", "spool.n2"):
            (self.folder / name).mkdir()
        for number in range(4):
            os.mknod(self.folder / f"card{number}", 0o666 | 0o020000, os.makedev(1, 3))  # as /dev/null
        words = {"folder": self.folder, "host": socket.gethostname().split(".")[0]}
        ports = dict(zip(("controller_port", "first_port", "second_port"), free_ports(3), strict=True))
        own = {line.partition("=")[0] for line in self.extra.splitlines() if line}
        lines = CONFIGURATION.splitlines()
        kept = "\n".join(line for line in lines if line.partition("=")[0] not in own)
        (self.folder / "slurm.conf").write_text(kept.format(**words, **ports) + f"\n{self.extra}\n")
        (self.folder / "gres.conf").write_text(CARDS.format(**words))

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        places = {
            "key-file": "key",
            "log-file": "log",
            "pid-file": "pid",
            "seed-file": "seed",
            "socket": "socket",
        }
        options = [f"--{option}={self.folder}/munge.{name}" for option, name in places.items()]
        self._start("munged", "munged", "--foreground", "--force", *options)
        wait(lambda: (self.folder / "munge.socket").exists())

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _kill_jobs(self, node: str) -> None:
        while victims := self._jobs_of(node):
            for pid in victims:
                with _gone_is_fine():
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def _jobs_of(self, node: str) -> set[int]:
        """The slurmstepd processes of a node, which outlive their slurmd, and what they have started."""
        found = self._steps_of(node)
        found |= {child for step in found for child in descendants(step)}
        marks = {f"SLURM_CONF={self.folder}/slurm.conf".encode(), f"SLURMD_NODENAME={node}".encode()}
        for path in Path("/proc").glob("[0-9]*/environ"):
            with _gone_is_fine():
                if marks <= set(path.read_bytes().split(b"\0")):
                    found.add(int(path.parent.name))
        return {pid for pid in found if not _is_zombie(pid)}

    def _steps_of(self, node: str) -> set[int]:
        """Told by their sockets: they have neither arguments nor an environment that names the node."""
        lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
        folder = f"{self.folder}/spool.{node}/"
        mine = {f"socket:[{words[6]}]" for words in lines if words[-1].startswith(folder)}
        found = set()
        for path in Path("/proc").glob("[0-9]*/fd/*"):
            with _gone_is_fine():
                if str(path.readlink()) in mine:
                    found.add(int(path.parts[2]))
        return found - {self.processes[node].pid} if node in self.processes else found


def missing() -> list[str]:
    """The programs that a Slurm on this machine would need and that are not here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def wait(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def parent_of(pid: int) -> int:
    """The process that started it."""
    return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])


def _is_zombie(pid: int) -> bool:
    with _gone_is_fine():
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z"
    return True


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class _gone_is_fine:  # noqa: N801 -- reads as a sentence where it is used
    """A process may end while it is looked at."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, (OSError, ValueError))
