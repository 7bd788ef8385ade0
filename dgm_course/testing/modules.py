"""Random weights for a module: a mistake in a mask or a sign is invisible at zero and at the default initialisation."""

from typing import Any

import torch
from torch import Generator

from dgm_course.testing.errors import PropertyError
from dgm_course.testing.values import describe


def randomize(module: Any, generator: Generator, scale: float = 1.0) -> Any:
    """Fill all floating-point parameters with float64 draws from N(0, scale²); the module computes in float64 after.

    Buffers, such as masks, keep their values. Works for a module and for the handle of one in another process:
    only `named_parameters()`, `double()` and `load_state_dict(d, strict=False)` are called. Returns the module.

    Example:
        >>> layer = randomize(torch.nn.Linear(3, 2), torch.Generator().manual_seed(0), scale=0.5)
        >>> layer.weight.dtype
        torch.float64
    """
    if not hasattr(module, "named_parameters"):
        raise PropertyError(
            "a torch.nn.Module",
            describe(module),
            "the class does not inherit from nn.Module, or nothing is returned",
        )
    weights = {
        name: scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        for name, parameter in dict(module.named_parameters()).items()
        if parameter.is_floating_point()
    }
    module.double()
    module.load_state_dict(weights, strict=False)
    return module
