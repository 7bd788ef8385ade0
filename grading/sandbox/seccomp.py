"""The system calls a worker may make. An allow-list: a call that the next kernel brings is refused unseen.

Absent on purpose: every socket call that could reach anyone (the worker talks over an inherited descriptor with
plain read and write; a socketpair, which event loops want, has both ends inside),
fork and exec, signals to anyone, ptrace and its relatives, and the calls that change a path's metadata or length
behind Landlock's back (chmod, chown, setxattr, utime, truncate).
"""

import errno
import fcntl
import mmap
import socket
import termios

try:
    import pyseccomp
except RuntimeError as error:
    raise RuntimeError("libseccomp is missing: install libseccomp2 from your distribution.") from error
from pyseccomp import ALLOW, EQ, ERRNO, LT, MASKED_EQ, Arch, Arg, SyscallFilter

# Not close_range, which can give a thread descriptors of its own that nobody counts, nor fadvise64 and preadv2: they
# write and read the page cache, a memory that outlives the worker.
FILES = """read write readv writev pread64 pwrite64 preadv pwritev pwritev2 lseek open openat creat close
    dup dup2 dup3 ftruncate fsync fdatasync stat fstat lstat newfstatat
    statx access faccessat faccessat2 getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat
    rename renameat renameat2 readlink readlinkat statfs fstatfs umask sendfile copy_file_range pipe pipe2 eventfd2
    select pselect6 poll ppoll epoll_create1 epoll_ctl epoll_wait epoll_pwait"""
MEMORY = "mmap munmap mremap mprotect brk msync membarrier get_mempolicy"
THREADS = """futex futex_waitv set_robust_list rseq set_tid_address gettid arch_prctl sched_yield
    sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu exit
    exit_group restart_syscall"""
SIGNALS = """rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack pause
    setitimer getitimer alarm"""
TIME = "nanosleep gettimeofday time times"
WHOAMI = """getpid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp uname sysinfo
    getrusage getrlimit getrandom"""
FREE = " ".join((FILES, MEMORY, THREADS, SIGNALS, TIME, WHOAMI)).split()

# Not F_SETOWN and F_SETSIG: with them a file sends any signal to any process. Nor locks (and flock): two workers
# could talk by the locks on a file that both may read.
FCNTL = (
    fcntl.F_DUPFD,
    fcntl.F_DUPFD_CLOEXEC,
    fcntl.F_GETFD,
    fcntl.F_SETFD,
    fcntl.F_GETFL,
    fcntl.F_SETFL,
)
IOCTL = (termios.TCGETS, termios.FIONREAD, termios.FIONBIO, termios.FIOCLEX, termios.FIONCLEX)
# What changes this process's own memory. Not what empties the page cache, or merges pages with those of others.
MADVISE = (
    mmap.MADV_NORMAL,
    mmap.MADV_RANDOM,
    mmap.MADV_SEQUENTIAL,
    mmap.MADV_WILLNEED,
    mmap.MADV_DONTNEED,
    mmap.MADV_FREE,
    mmap.MADV_DONTFORK,
    mmap.MADV_DOFORK,
    mmap.MADV_HUGEPAGE,
    mmap.MADV_NOHUGEPAGE,
    mmap.MADV_DONTDUMP,
    mmap.MADV_DODUMP,
)
CLOCKS = ("clock_gettime", "clock_getres", "clock_nanosleep")
NAMED_CLOCKS = 16  # the others are the CPU time of a process, of any process
CLONE_FILES, CLONE_THREAD, CLONE_NAMESPACES = 0x400, 0x10000, 0x7E020000
PR_SET_NAME, PR_SET_VMA = 15, 0x53564D41
FLAGS_ARGUMENT = 0


def new_filter() -> SyscallFilter:
    """The filter, to be loaded in the worker; whatever is not allowed fails with EPERM."""
    rules = SyscallFilter(ERRNO(errno.EPERM))
    for name in FREE:
        if _known(name):
            rules.add_rule(ALLOW, name)
    thread = CLONE_THREAD | CLONE_FILES
    rules.add_rule(ALLOW, "clone", Arg(FLAGS_ARGUMENT, MASKED_EQ, thread | CLONE_NAMESPACES, thread))
    # its flags lie in memory, out of a filter's sight; the C library falls back to clone
    rules.add_rule(ERRNO(errno.ENOSYS), "clone3")
    for name, argument, allowed in (("fcntl", 1, FCNTL), ("ioctl", 1, IOCTL), ("madvise", 2, MADVISE)):
        for request in allowed:
            rules.add_rule(ALLOW, name, Arg(argument, EQ, request))
    for name in CLOCKS:
        rules.add_rule(ALLOW, name, Arg(0, LT, NAMED_CLOCKS))
    # without its modes: to reserve space without a new length is to pass by the limit on a file's size
    rules.add_rule(ALLOW, "fallocate", Arg(1, EQ, 0))
    rules.add_rule(ALLOW, "socketpair", Arg(0, EQ, socket.AF_UNIX))
    for option in (PR_SET_NAME, PR_SET_VMA):
        rules.add_rule(ALLOW, "prctl", Arg(0, EQ, option))
    rules.add_rule(ALLOW, "prlimit64", Arg(0, EQ, 0))  # of this process only
    return rules


def _known(name: str) -> bool:
    """Whether this libseccomp knows the call; old ones do not know the newest."""
    return pyseccomp.resolve_syscall(Arch.NATIVE, name) != -1
