"""What a network computes, counted while it computes: a multiplication and an addition for each weight that is used.

A count is the same on every machine and in every run; seconds are neither.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

# For one number of the result; normalisations and activations are small beside these, and not counted.
PER_NUMBER: dict[Callable[..., Any], Callable[..., int]] = {
    F.linear: lambda x, weight, *_: weight.shape[1],
    torch.conv2d: lambda x, weight, *_: weight[0].numel(),
    Tensor.matmul: lambda a, b: a.shape[-1],
    torch.addmm: lambda bias, a, b: a.shape[-1],
}


class MultiplyAdds(TorchFunctionMode):
    """Counts while it is entered, and goes on when it is entered again.

    Example:
        >>> with MultiplyAdds() as counted:
        ...     _ = torch.nn.Linear(3, 5)(torch.zeros(7, 3))
        >>> counted.total
        105
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if per_number := PER_NUMBER.get(func):
            self.total += result.numel() * per_number(*args)
        return result
