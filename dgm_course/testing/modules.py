"""Random weights for a module: a mistake in a mask or a sign is invisible at zero and at the default initialisation."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Generator, Tensor

from dgm_course.testing.compare import assert_close, assert_moved
from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.remote import where_it_lives
from dgm_course.testing.values import checked, describe

UNUSED = "the layers hold no parameters, or the output takes no notice of them"


def randomize(module: Any, generator: Generator, scale: float = 1.0) -> Any:
    """Fill all floating-point parameters with float64 draws from N(0, scale²); the module computes in float64 after.

    Buffers, such as masks, keep their values. Returns the module, or the handle of one in another process.

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
    fill_weights(module, draw_seeds(generator, 1)[0], scale)
    return module


def outputs_over_weights(
    module: Any, generator: Generator, *inputs: Any, num_draws: int, scale: float = 1.0
) -> Shaped[Tensor, "*output draws"]:
    """The outputs `module(*inputs)` under several random draws of its weights, stacked in the last dimension.

    A ReLU can be silent on every input under one draw; a dependency that is there shows under one of many. Outputs
    that are the same under all draws are an error: they cannot be those of a network.

    Example:
        >>> x, layer = torch.ones(4, 3).double(), torch.nn.Linear(3, 2)
        >>> outputs_over_weights(layer, torch.Generator().manual_seed(0), x, num_draws=5).shape
        torch.Size([4, 2, 5])
    """
    outputs = stack_outputs(module, draw_seeds(generator, num_draws), scale, *inputs)
    if isinstance(outputs, Tensor) and num_draws > 1 and outputs.shape[-1:] == (num_draws,):
        assert_moved(outputs[..., 1:], outputs[..., :1], "the outputs when the weights change", UNUSED)
    return outputs


def draw_responsive(
    module: Any,
    generator: Generator,
    *inputs: Tensor,
    scale: float = 1.0,
    output: Callable[[Any], Any] = lambda result: result,
    cause: str = "the output takes no notice of the input",
    read: str = READ,
) -> Any:
    """`randomize`, after a look at whether the module is more than a constant, a formula without weights, or noise.

    Its output changes when the weights change and when all inputs change their sign, and is the same when asked
    again. `output` picks the tensor in what the module returns.

    Example:
        >>> x, layer = torch.ones(4, 3).double(), torch.nn.Linear(3, 2)
        >>> layer = draw_responsive(layer, torch.Generator().manual_seed(0), x)
    """
    before, answer = (
        checked(output(randomize(module, generator, scale)(*inputs)), what="the output", read=read).clone()
        for _ in range(2)
    )
    again, elsewhere = output(module(*inputs)), output(module(*(-each for each in inputs)))
    assert_close(
        again, answer, what="the output when asked again", cause="noise, or a state that is kept", read=read
    )
    assert_moved(answer, before, "the output when the weights change", UNUSED, read)
    assert_moved(elsewhere, answer, "the output when the input changes its sign", cause, read)
    return module


@where_it_lives
def fill_weights(module: Any, seed: int, scale: float) -> None:
    """Draw the weights of `randomize` from the stream of this seed."""
    generator = Generator().manual_seed(seed)
    weights = {
        name: scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        for name, parameter in module.named_parameters()
        if parameter.is_floating_point()
    }
    module.double()
    module.load_state_dict(weights, strict=False)


@where_it_lives
def stack_outputs(module: Any, seeds: list[int], scale: float, *inputs: Any) -> Any:
    """The outputs under the weights of each seed, stacked; the first one where they are no tensors of one shape."""
    outputs = []
    for seed in seeds:
        fill_weights(module, seed, scale)
        outputs.append(module(*inputs))
    shapes = {value.shape if isinstance(value, Tensor) else None for value in outputs}
    return torch.stack(outputs, dim=-1) if shapes != {None} and len(shapes) == 1 else outputs[0]


def draw_seeds(generator: Generator, count: int) -> list[int]:
    """Seeds for streams of their own."""
    return torch.randint(2**62, (count,), generator=generator).tolist()
