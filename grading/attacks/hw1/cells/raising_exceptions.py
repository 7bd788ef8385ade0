"""Raise exceptions that raise again when they are looked at: by name, by class, by text, by traceback, in groups."""


# %%
class Slippery(type):
    __name__ = property(lambda cls: 1 / 0)
    __mro__ = property(lambda cls: 1 / 0)


class Worst(Exception, metaclass=Slippery):
    __str__ = __repr__ = lambda self: 1 / 0
    __traceback__ = __cause__ = property(lambda self: 1 / 0)


def builtin(name):
    return type(name, (Exception,), {"__module__": "builtins"})


def deep(depth):
    try:
        raise ValueError(depth) from (deep(depth - 1) if depth else None)
    except ValueError as error:
        return error


# %% task="histogram"
def fit_histogram(*args, **kwargs):
    raise Worst


def histogram_nll(*args):
    raise builtin("PropertyError")("passed")


# %% task="made"
def made_masks(*args):
    raise ExceptionGroup("all", [deep(200)])


def MADE(*args):
    raise StopIteration


# %% task="attention"
def causal_attention_weights(*args):
    raise type("AssertionError", (AssertionError, KeyError), {"kind": "passed", "passed": True})


raise Worst
