"""The layers of confinement: what each holds back, what is lost where it is missing, and how to get it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """`cost` is what is lost without it, `fix` how to get it."""

    name: str
    holds: str
    cost: str
    fix: str


LAYERS = (
    Layer(
        "bwrap",
        "namespaces: other files, processes and networks do not exist",
        "Of any path a worker can ask whether it exists, its size and its times (stat), though it can open none; "
        "and a fault of Landlock or seccomp has nothing behind it.",
        "Install bubblewrap. Ubuntu 24.04 denies it to users until "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`.",
    ),
    Layer(
        "cgroup",
        "one bound on the memory and the processes of all workers of a grading process",
        "Memory is bounded for each worker by its address space only, so what the kernel keeps for it (pipes, "
        "files in memory) is not counted.",
        "Boot with systemd and cgroup v2; an ordinary user also needs a login session (`loginctl enable-linger`).",
    ),
    Layer(
        "uid",
        "an account that nobody else has for every worker, with a bound on its threads",
        "Workers run in your account, so file permissions protect nothing of yours, and threads are counted "
        "five times a second instead of refused.",
        "Run as root, with Python and the course where every account may read them (not below /root).",
    ),
    Layer(
        "capabilities",
        "no power of root's, and no way to gain one (no_new_privs)",
        "Workers of root would have root's powers.",
        "Any Linux will do.",
    ),
    Layer(
        "landlock",
        "an allow-list of files, no signals and no abstract sockets to others",
        "Student code could read and write your files, so nothing is graded.",
        "Boot Linux 5.13 or newer with landlock in its lsm= list.",
    ),
    Layer(
        "seccomp",
        "an allow-list of system calls: no sockets, no other process, no new program",
        "Student code could reach the network and start programs, so nothing is graded.",
        "Boot a Linux kernel with CONFIG_SECCOMP_FILTER and install libseccomp 2.5 or newer.",
    ),
    Layer(
        "rlimits",
        "CPU seconds, address space, file sizes, open files",
        "A loop or a flood would hold the machine.",
        "Raise the hard limits of the shell that grades: `ulimit -H -a` shows them.",
    ),
)
LAYER = {layer.name: layer for layer in LAYERS}
# Without these a worker is not started at all; the others deepen them where they work.
REQUIRED = ("capabilities", "landlock", "seccomp", "rlimits")
