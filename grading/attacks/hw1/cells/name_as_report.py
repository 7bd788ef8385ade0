"""Give the process a name that holds a line `Threads: 1`, and start more threads than are allowed."""

# %% task="histogram"
import ctypes
import threading
import time

libc = ctypes.CDLL(None)
libc.prctl(15, b"a\rThreads:\t1", 0, 0, 0)
threading.stack_size(2**16)
for _ in range(200):
    threading.Thread(target=time.sleep, args=(0.7,), daemon=True).start()
time.sleep(0.7)


def fit_histogram(x, num_levels, smoothing=1.0):
    libc.prctl(15, b"a\rThreads:\tmany", 0, 0, 0)
    return torch.zeros(num_levels, dtype=torch.float64)
