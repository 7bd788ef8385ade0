"""Which output depends on which input, and on which example of a batch, found by forward evaluations alone."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Generator, Tensor

from dgm_course.testing.compare import assert_close
from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.values import checked, describe


def dependencies(
    fn: Callable[[Tensor], Any],
    inputs: Shaped[Tensor, " batch *event"],
    alternatives: int | Sequence[float] | Tensor | None = None,
    *,
    tolerance: float = 1e-9,
    read: str = READ,
) -> Bool[Tensor, "outputs inputs"]:
    """Entry [i, j]: output i moved, at one base point at least, when input j was replaced.

    Args:
        fn: (B, *event) -> (B, outputs, ...); an output has moved when any entry of its trailing dimensions has. It is
            called once, with the base points and all their altered copies.
        inputs: base points, their event dimensions numbered in row-major order. Several points find
            dependencies that a ReLU hides at one of them.
        alternatives: the values an input may take, or their number K for 0..K-1. Without it floats get a random
            displacement, and integers move among the values that occur in `inputs`.
        tolerance: the smallest change, relative above 1, that counts.

    Example:
        >>> x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> dependencies(lambda x: x.cumsum(1), x).int().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    batch, event = len(inputs), inputs.shape[1:]
    base = inputs.reshape(batch, -1)
    num_inputs = base.shape[1]
    copies = base[:, None].repeat(
        1, num_inputs + 1, 1
    )  # row 0 stays the base point, row j + 1 replaces input j
    diagonal = torch.arange(num_inputs)
    copies[:, diagonal + 1, diagonal] = _replacements(base, alternatives)
    rows = batch * (num_inputs + 1)
    value = fn(copies.reshape(rows, *event))
    outputs = checked(value, what="the output", dtype=torch.float64, read=read)
    if outputs.dim() < 2 or len(outputs) != rows:
        raise PropertyError(
            f"an output of shape ({rows}, outputs, ...) for {rows} examples",
            describe(value),
            "the batch dimension is summed away, or a batch size was written down as a number",
            read,
        )
    outputs = outputs.double().reshape(batch, num_inputs + 1, outputs.shape[1], -1)
    rounding = 100 * torch.finfo(value.dtype).eps  # the order of summation may differ between rows of a batch
    threshold = max(tolerance, rounding) * outputs.abs().amax().clamp(min=1.0)
    moved = (outputs[:, 1:] - outputs[:, :1]).abs() > threshold
    return moved.any(dim=-1).any(dim=0).T


def assert_causal(
    fn: Callable[[Tensor], Any],
    inputs: Shaped[Tensor, " batch *event"],
    allowed: Bool[Tensor, "outputs inputs"],
    *,
    alternatives: int | Sequence[float] | Tensor | None = None,
    tolerance: float = 1e-9,
    cause: str | None = None,
    read: str = READ,
) -> None:
    """The dependencies of `fn` are exactly the allowed ones: nothing forbidden and nothing missing.

    Arguments as in `dependencies`; `allowed` is True where output i should depend on input j. The error's `picture`
    holds the matrices "got" and "allowed".

    Example:
        >>> x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> assert_causal(lambda x: x.cumsum(1), x, torch.ones(3, 3).tril().bool())
    """
    got = dependencies(fn, inputs, alternatives, tolerance=tolerance, read=read)
    if got.shape != allowed.shape:
        raise PropertyError(
            f"{len(allowed)} outputs per example",
            f"{len(got)} outputs",
            "outputs of one variable are not in a dimension of their own, or one is left out",
            read,
        )
    forbidden, missing = got & ~allowed, allowed & ~got
    if not (forbidden.any() or missing.any()):
        return
    event = tuple(inputs.shape[1:])
    found = [
        f"{int(pairs.sum())} {kind}: {_named_pairs(pairs, event)}"
        for kind, pairs in (("forbidden", forbidden), ("missing", missing))
        if pairs.any()
    ]
    guess = "an output sees its own or a later input: a comparison is not strict, or the order is another one"
    if not forbidden.any():
        guess = "the masks forbid too much: the model is valid but weaker than it should be"
    raise PropertyError(
        f"exactly the {int(allowed.sum())} allowed dependencies, nothing forbidden and nothing missing",
        "; ".join(found),
        cause or guess,
        read,
        picture={"got": got, "allowed": allowed},
    )


def assert_each_alone(
    fn: Callable[[Tensor], Any],
    inputs: Shaped[Tensor, " batch *event"],
    *,
    what: str = "the answer, one per example,",
    shape: tuple[int, ...] | None = None,
    allow_infinite: bool = False,
    cause: str = "a sum or softmax over the batch, an answer kept from another call, or noise",
    read: str = READ,
) -> Tensor:
    """The answer about each example is its own: some of them, asked by themselves, get the answers they get among all.

    Args:
        fn: (B, *event) -> (B, *shape), floating. It is first asked about every eighth example, from the last to the
            first, so that nothing can be remembered, and then about all.
        shape: of one answer; None when it does not matter.

    Returns the answers about all of `inputs`, detached.

    Example:
        >>> assert_each_alone(lambda x: x.square().sum(1), torch.ones(5, 2))
        tensor([2., 2., 2., 2., 2.])
    """
    some = torch.arange(len(inputs) - 1, -1, -8)
    alone, together = fn(inputs[some]), fn(inputs)
    whole = None if shape is None else (len(inputs), *shape)
    answers = checked(
        together, what=what, shape=whole, dtype=torch.float64, allow_infinite=allow_infinite, read=read
    )
    if answers.shape[:1] != (len(inputs),):
        raise PropertyError(
            f"{what} for {len(inputs)} examples", describe(together), "the batch dimension is lost", read
        )
    assert_close(
        alone,
        answers[some],
        tolerance=max(1e-9, 1000 * torch.finfo(answers.dtype).eps),  # sums of another order in another batch
        what=f"{what} for {len(some)} of {len(inputs)} examples, asked by themselves,",
        cause=cause,
        read=read,
    )
    return answers


def _replacements(
    base: Shaped[Tensor, "batch inputs"], alternatives: int | Sequence[float] | Tensor | None
) -> Shaped[Tensor, "batch inputs"]:
    """Another value for every input of every base point."""
    if alternatives is None and base.is_floating_point():
        noise = torch.randn(base.shape, generator=Generator().manual_seed(0), dtype=torch.float64)
        return base + (noise + noise.sign()).to(base.dtype)
    if alternatives is None:
        values = base.unique()
    else:
        values = torch.as_tensor(range(alternatives) if isinstance(alternatives, int) else alternatives)
        values = values.to(base.dtype).unique()
    if len(values) < 2:
        raise ValueError("an input needs two values at least to be replaced: name them in `alternatives`")
    here = torch.searchsorted(values.double(), base.double()).clamp(max=len(values) - 1)
    batch, num_inputs = base.shape
    step = 1 + (torch.arange(batch)[:, None] + torch.arange(num_inputs)) % (len(values) - 1)
    return values[(here + step) % len(values)]


def _named_pairs(pairs: Bool[Tensor, "outputs inputs"], event: tuple[int, ...], most: int = 3) -> str:
    """The first pairs, named by their indices in the event where the outputs are laid out like the inputs."""

    def name(index: int, count: int) -> str:
        if len(event) < 2 or count != pairs.shape[1]:
            return str(index)
        return str(tuple(int(i) for i in torch.unravel_index(torch.tensor(index), event)))

    num_outputs, num_inputs = pairs.shape
    named = [
        f"output {name(i, num_outputs)} on input {name(j, num_inputs)}"
        for i, j in pairs.nonzero()[:most].tolist()
    ]
    return ", ".join(named) + (", ..." if pairs.sum() > most else "")
