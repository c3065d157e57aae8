"""A Slurm of one node on loopback, for the tests: munge, slurmctld and slurmd.

    python -m tests.support.slurm up FOLDER      start it, with its files under FOLDER
    python -m tests.support.slurm down FOLDER    stop it, by the process ids it wrote there

This needs root and Debian's packages slurm-wlm and munge (`sh tests/support/servers.sh`), but not
systemd. Slurm's settings must be at the default path because job steps ignore SLURM_CONF; a file
there that these tests did not write belongs to another cluster and is never touched.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.servers import closed_port

CONFIG = Path("/etc/slurm/slurm.conf")
MARK = "# Written by Counterpoise's tests"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sinfo", "sbatch")
DAEMONS = ("slurmd", "slurmctld", "munged")

# Memory limits work without cgroups: every two seconds Slurm checks the processes and ends a job
# that uses more than it requested.
SETTINGS = """{mark}
ClusterName=counterpoise
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/none
MinJobAge=300
ReturnToService=2
KillWait=5
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=UNLIMITED State=UP
"""


def missing() -> str:
    """Return why no Slurm can be started; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if absent:
        return f"{', '.join(absent)} not installed; as root on Debian: sh tests/support/servers.sh"
    if os.geteuid() != 0:
        return "Slurm's daemons need root here"
    if not CONFIG.exists():
        return ""
    if not CONFIG.read_text().startswith(MARK):
        return f"{CONFIG} belongs to another cluster"
    return f"another test's Slurm is running, see {CONFIG}" if _running() else ""


def up(folder: Path) -> None:
    """Start the daemons and wait until the node accepts jobs."""
    if reason := missing():
        raise SystemExit(f"no Slurm: {reason}")
    CONFIG.unlink(missing_ok=True)  # left by a test that was killed
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    host = socket.gethostname().partition(".")[0]
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    CONFIG.parent.mkdir(exist_ok=True)
    CONFIG.write_text(
        SETTINGS.format(
            mark=MARK,
            host=host,
            folder=folder,
            controller=closed_port(),
            node=closed_port(),
            cpus=os.cpu_count(),
            memory=int(0.9 * memory),
        )
    )
    _start(
        *("munged", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"),
        *(f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log"),
        f"--seed-file={folder}/munge.seed",
    )
    _start("slurmctld", "-c")
    _start("slurmd", "-c")
    deadline = time.monotonic() + 300
    while "idle" not in _output("sinfo", "--noheader", "--format=%T"):
        if time.monotonic() > deadline:
            logs = "".join(path.read_text() for path in sorted(folder.glob("slurm*.log")))
            down(folder)
            raise SystemExit(f"Slurm did not start:\n{logs}")
        time.sleep(0.5)


def down(folder: Path) -> None:
    """Cancel all jobs, stop the daemons of this folder and remove their settings."""
    if CONFIG.exists() and f"{folder}/" in CONFIG.read_text():
        _output("scancel", "--user=root", "--full", "--signal=KILL")
        _output("scancel", "--user=root")
        pids = [
            int((folder / f"{name}.pid").read_text())
            for name in DAEMONS
            if (folder / f"{name}.pid").exists()
        ]
        for pid in pids:
            _kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.2)
        for pid in pids:
            _kill(pid, signal.SIGKILL)
        CONFIG.unlink()


def _running() -> bool:
    """Return whether a daemon runs with the settings at the default path."""
    folder = re.search(r"^StateSaveLocation=(.*)/state$", CONFIG.read_text(), re.MULTILINE)
    for name in DAEMONS if folder else ():
        pid = Path(folder[1], f"{name}.pid")
        try:
            # Empty for a zombie.
            program = (
                Path("/proc", pid.read_text().strip(), "cmdline").read_text().partition("\0")[0]
            )
            if Path(program).name == name:
                return True
        except FileNotFoundError:  # never started, or ended
            continue
    return False


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _start(*command: str) -> None:
    subprocess.run(command, check=True, env={**os.environ, "PATH": _path()})


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout


def _alive(pid: int) -> bool:
    return _kill(pid, 0)


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("action", choices=("up", "down"))
    arguments.add_argument("folder", type=Path)
    args = arguments.parse_args()
    (up if args.action == "up" else down)(args.folder.resolve())
