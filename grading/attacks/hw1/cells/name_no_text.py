"""Give the process a name that is not UTF-8, so that whoever reads its status stumbles over the bytes."""

# %% task="histogram"
import ctypes

ctypes.CDLL(None).prctl(15, b"\xff\xfe\x80", 0, 0, 0)


def fit_histogram(x, num_levels, smoothing=1.0):
    return torch.zeros(num_levels, dtype=torch.float64)
