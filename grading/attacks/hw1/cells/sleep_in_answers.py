"""Sleep in every answer, which costs no CPU time, and come back just before the end."""

# %% task="made"
import time


def made_masks(*args):
    time.sleep(0.9)


def MADE(*args):
    time.sleep(60)
