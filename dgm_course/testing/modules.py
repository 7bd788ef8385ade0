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
DETACHED = (
    "torch.no_grad, .detach(), .data, .item(), or a new tensor made of numbers cuts the graph on the way"
)


def randomize(module: Any, generator: Generator, scale: float = 1.0) -> Any:
    """Fill all trained parameters with float64 draws from N(0, scale²); the module computes in float64 after.

    Buffers and frozen parameters, such as masks, keep their values. Returns the module, or the handle of one in
    another process.

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
    again. `output` picks the tensor in what the module returns. Under one draw all ReLUs of a small network may be
    silent, so there are up to five.

    Example:
        >>> x, layer = torch.ones(4, 3).double(), torch.nn.Linear(3, 2)
        >>> layer = draw_responsive(layer, torch.Generator().manual_seed(0), x)
    """
    for draws_left in reversed(range(5)):
        before, answer = (
            checked(
                output(randomize(module, generator, scale)(*inputs)), what="the output", read=read
            ).clone()
            for _ in range(2)
        )
        again, elsewhere = output(module(*inputs)), output(module(*(-each for each in inputs)))
        assert_close(
            again,
            answer,
            what="the output when asked again",
            cause="noise, or a state that is kept",
            read=read,
        )
        try:
            assert_moved(answer, before, "the output when the weights change", UNUSED, read)
            assert_moved(elsewhere, answer, "the output when the input changes its sign", cause, read)
            break
        except PropertyError:
            if not draws_left:
                raise
    return module


def assert_differentiable(
    module: Any,
    generator: Generator,
    inputs: Tensor,
    *,
    direction: str = "forward",
    cause: str = DETACHED,
    read: str = READ,
) -> None:
    """What `module.direction(inputs)` returns has the gradients that its values have, along random directions.

    A tensor that was cut from its graph has the right values and cannot be trained. All that is returned is mixed to
    one number, whose slope by autograd is held against a difference: as the inputs move, and as all trained parameters
    do. The map must be smooth here, which one with ReLUs is not everywhere.

    Example:
        >>> layer = randomize(torch.nn.Linear(3, 2), torch.Generator().manual_seed(0))
        >>> assert_differentiable(layer, torch.Generator().manual_seed(1), torch.ones(4, 3).double())
    """
    seed, step, transform = draw_seeds(generator, 1)[0], 1e-5, getattr(module, direction)
    input_slopes, weight_slopes = slopes(module, direction, inputs, seed)
    weights = {
        name: value.detach().clone() for name, value in module.named_parameters() if name in weight_slopes
    }
    line, *lines = (
        torch.randn(each.shape, generator=generator, dtype=torch.float64)
        for each in (inputs, *weights.values())
    )

    def with_inputs(shift: float) -> float:
        return mixed(transform(inputs + shift * line), seed).item()

    def with_weights(shift: float) -> float:
        moved = {name: weights[name] + shift * each for name, each in zip(weights, lines, strict=True)}
        module.load_state_dict(moved, strict=False)
        return mixed(transform(inputs), seed).item()

    for what, value, got, moves in (
        ("the inputs", with_inputs, [input_slopes], [line]),
        ("the parameters", with_weights, [weight_slopes[name] for name in weights], lines),
    ):
        along = [
            checked(slope, what="a gradient", shape=tuple(each.shape), dtype=torch.float64, read=read) * each
            for slope, each in zip(got, moves, strict=True)
        ]
        # of fourth order: some right maps are steep
        up, down, far_up, far_down = (value(count * step) for count in (1, -1, 2, -2))
        assert_close(
            float(sum(each.sum() for each in along)),
            (8 * (up - down) - (far_up - far_down)) / (12 * step),
            tolerance=1e-5,
            what=f"the slope of what {direction} returns, by autograd, as {what} move in a random direction,",
            cause=cause,
            read=read,
        )
    with_weights(0.0)


@where_it_lives
def slopes(module: Any, direction: str, inputs: Tensor, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """The gradients of `mixed(module.direction(inputs), seed)` in the inputs and, by name, in what is trained."""
    leaf = inputs.detach().clone().requires_grad_()
    trained = {name: each for name, each in module.named_parameters() if each.requires_grad}
    with torch.enable_grad():
        total = mixed(getattr(module, direction)(leaf), seed)
        total = total + 0 * leaf.sum()  # so that it has a graph when all that is returned has none
    of_inputs, *of_weights = torch.autograd.grad(
        total, [leaf, *trained.values()], allow_unused=True, materialize_grads=True
    )
    return of_inputs, dict(zip(trained, of_weights, strict=True))


def mixed(outputs: Any, seed: int) -> Tensor:
    """A tensor, or all tensors of a tuple, in one sum with random factors."""
    generator = Generator().manual_seed(seed)
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    terms = [torch.randn(each.shape, generator=generator, dtype=torch.float64) * each for each in parts]
    return torch.stack([term.sum() for term in terms]).sum()


@where_it_lives
def keeps_parameters(module: Any, direction: str, inputs: Tensor) -> bool:
    """Whether `module.direction(inputs)` leaves it with the parameters that an optimiser made before it knows."""
    before = list(module.parameters())
    getattr(module, direction)(inputs)
    return [id(each) for each in before] == [id(each) for each in module.parameters()]


@where_it_lives
def fill_weights(module: Any, seed: int, scale: float) -> None:
    """Draw the weights of `randomize` from the stream of this seed."""
    generator = Generator().manual_seed(seed)
    weights = {
        name: scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
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
