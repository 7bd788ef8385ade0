"""End the process in the middle of every answer: exit codes, signals, a stack overflow, exceptions that end loops."""

# %%
import ctypes
import os
import signal
import sys


class Final(BaseException):
    pass


def overflow():
    return ctypes.PYFUNCTYPE(None)(overflow)()


# %% task="histogram"
def fit_histogram(*args, **kwargs):
    os._exit(0)


def fit_softmax_histogram(*args, **kwargs):
    sys.exit(0)


def histogram_nll(*args, **kwargs):
    raise Final


# %% task="made"
def made_masks(*args):
    ctypes.string_at(0)


def MaskedLinear(*args):
    signal.raise_signal(signal.SIGKILL)


def MADE(*args):
    raise KeyboardInterrupt


# %% task="attention"
def causal_attention_weights(*args):
    raise GeneratorExit


def CausalSelfAttention(*args):
    os.close(3)
