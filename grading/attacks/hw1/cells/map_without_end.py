"""Map one file with a very long name so often that whoever reads the list of maps drowns in it."""

# %%
import ctypes
import os
import time

libc = ctypes.CDLL(None)
name = "/".join(["x" * 250] * 14)
os.makedirs(os.path.dirname(name))
with open(name, "w+b") as file:
    file.truncate(8192)
    for number in range(20_000):  # two neighbours with other rights do not become one map
        libc.mmap(None, ctypes.c_size_t(4096), 1 + 2 * (number % 2), 2, file.fileno(), ctypes.c_long(0))
time.sleep(1)
