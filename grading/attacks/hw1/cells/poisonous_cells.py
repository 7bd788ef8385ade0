"""Many own cells that each kill their worker, so that every task starts a long row of workers."""

# %%
import os

os._exit(0)

# %%
import os

os._exit(1)

# %%
import ctypes

ctypes.string_at(0)

# %%
import os

os.close(3)

# %%
import os

os._exit(4)

# %%
import os

os._exit(5)

# %%
import os

os._exit(6)

# %%
import os

os._exit(7)

# %% task="made"
import os


def made_masks(*args):
    os._exit(0)


def MADE(*args):
    os._exit(0)
