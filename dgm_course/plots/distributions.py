"""Distributions: tables of probabilities, samples on a line, densities on the plane."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float, Shaped
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.plots.style import BLUE, CYAN, PURPLE, styled


@styled
def probability_bars(
    tables: Mapping[str, Float[Tensor, " symbols"]], *, symbols: Sequence[str] | None = None, title: str = ""
) -> Figure:
    """Tables of probabilities over the same symbols, side by side.

    Example:
        >>> import torch
        >>> tables = {"counted": torch.tensor([0.5, 0.25, 0.25]), "trained": torch.tensor([0.4, 0.3, 0.3])}
        >>> figure = probability_bars(tables, symbols=["a", "b", "c"])
        >>> [bars.get_label() for bars in figure.axes[0].containers]
        ['counted', 'trained']
    """
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    width = 0.8 / len(tables)
    for number, (name, table) in enumerate(tables.items()):
        places = torch.arange(len(table)) + (number - (len(tables) - 1) / 2) * width
        axes.bar(places, table.detach().cpu(), width, label=name)
    if symbols is not None:
        axes.set_xticks(range(len(symbols)), symbols)
    axes.set(xlabel="symbol", ylabel="probability", title=title)
    axes.legend()
    return figure


@styled
def ladder(values: Mapping[str, float], *, unit: str, title: str = "") -> Figure:
    """One number a model as bars from top to bottom, each with its value beside it.

    Example:
        >>> figure = ladder({"independent": 204.7, "MADE": 96.3}, unit="nats per image")
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['independent', 'MADE']
    """
    figure = Figure(figsize=(10, 1 + 0.7 * len(values)))
    axes = figure.subplots()
    bars = axes.barh(list(values), list(values.values()), color=BLUE)
    axes.bar_label(bars, [f"{value:.4g}" for value in values.values()], padding=6)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(xlabel=unit, title=title)
    return figure


@styled
def histogram(
    samples: Shaped[Tensor, " batch"],
    *,
    bins: int = 50,
    log_prob: Callable[[Tensor], Tensor] | None = None,
    title: str = "",
) -> Figure:
    """Samples on a line as a density, with the density exp `log_prob` as a curve where it is known.

    `log_prob` takes points `(points,)` and gives nats `(points,)`.

    Example:
        >>> import torch
        >>> x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        >>> figure = histogram(x, bins=20, log_prob=torch.distributions.Normal(0.0, 1.0).log_prob)
        >>> f"{sum(bar.get_height() * bar.get_width() for bar in figure.axes[0].patches):.6f}"
        '1.000000'
    """
    figure = Figure(figsize=(8, 4.5))
    axes = figure.subplots()
    axes.hist(
        samples.detach().cpu().numpy(), bins=bins, density=True, color=CYAN, label=f"{len(samples):,} samples"
    )
    if log_prob is not None:
        points = torch.linspace(samples.min().item(), samples.max().item(), 500)
        with torch.no_grad():
            axes.plot(points, log_prob(points).exp(), color=PURPLE, label="density")
    axes.set(xlabel="x", ylabel="density", title=title)
    axes.legend()
    return figure


@styled
def density(
    log_prob: Callable[[Tensor], Tensor],
    *,
    extent: float = 4.0,
    resolution: int = 200,
    samples: Float[Tensor, "batch 2"] | None = None,
    title: str = "",
) -> Figure:
    """exp `log_prob` on the square [-extent, extent]², with its mass there, and samples as dots.

    `log_prob` takes points `(points, 2)` and gives nats `(points,)`. The mass is the midpoint rule's: a density
    whose mass is not 1 is no density, however good its likelihood looks.

    Example:
        >>> import torch
        >>> normal = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
        >>> density(normal.log_prob, extent=6.0).axes[0].get_title()
        'mass on this square: 1.0000'
    """
    cell = 2 * extent / resolution
    ticks = (torch.arange(resolution) + 0.5) * cell - extent
    points = torch.cartesian_prod(ticks, ticks).flip(1)  # rows are y, columns are x, as in the picture
    with torch.no_grad():
        p = log_prob(points).exp().view(resolution, resolution).cpu()
    figure = Figure(figsize=(6.5, 5.5))
    axes = figure.subplots()
    image = axes.imshow(p, origin="lower", extent=(-extent, extent, -extent, extent), cmap="cividis")
    figure.colorbar(image, label="density")
    if samples is not None:
        axes.plot(*samples.detach().cpu().T, ".", ms=5, mfc="white", mec="black", mew=0.5)
    mass = p.double().sum().item() * cell**2
    axes.set(xlabel="x₁", ylabel="x₂", title=title or f"mass on this square: {mass:.4f}")
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent))
    return figure
