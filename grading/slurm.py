"""Grade a class on a Slurm cluster: `python grading/slurm.py hw1 --course /shared/fall --jobs 40`.

Each Slurm job is one Dask worker of one core, which needs this checkout and its `.venv` under the same path and nothing
else: hand-ins and results travel by the scheduler, which runs in this process, on a node that the jobs can reach.
Needs `pip install dask-jobqueue`. Other queues (PBS, LSF, SGE, HTCondor) have a class each in `dask_jobqueue`.
"""

import argparse
from pathlib import Path

from dask_jobqueue import SLURMCluster

from grading.cli import app

MEMORY = "8GiB"  # the grader may take 4 GiB for a test's own arithmetic, a hand-in 2 GiB


def cluster(partition: str | None = None, hours: int = 4) -> SLURMCluster:
    """A cluster of one-core workers; none runs before `scale` asks for some.

    Whoever reaches the port of an open Dask scheduler can run code on its workers: on a network that is not your own,
    set `distributed.comm.require-encryption` and the certificates in Dask's configuration.
    """
    return SLURMCluster(
        queue=partition,
        cores=1,
        processes=1,
        memory=MEMORY,
        walltime=f"{hours:02}:00:00",
        job_script_prologue=["export OMP_NUM_THREADS=1"],
        worker_extra_args=["--lifetime", f"{60 * hours - 10}m", "--lifetime-stagger", "5m"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("homework")
    parser.add_argument("--course", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=10, help="how many Slurm jobs at a time")
    parser.add_argument("--partition", help="Slurm's partition; its default when left out")
    arguments = parser.parse_args()
    with cluster(arguments.partition) as machines:
        machines.scale(jobs=arguments.jobs)
        words = ["run", arguments.homework, "--course", str(arguments.course)]
        app([*words, "--scheduler", machines.scheduler_address])


if __name__ == "__main__":
    main()
