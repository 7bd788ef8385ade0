"""What an invertible map does to space: pieces of probability on a line, a grid on the plane."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.plots.style import BLUE, ORANGE, styled

Map = Callable[[Tensor], tuple[Tensor, Tensor]]


@styled
def pushed_forward(
    forward: Map,
    log_prob: Callable[[Tensor], Tensor],
    edges: Float[Tensor, " edges"],
    *,
    title: str = "",
) -> Figure:
    """The density of z below, the map x = f(z) above it, the density of x at its side; pieces keep their area.

    `forward` takes numbers `(points,)` and gives x `(points,)` and log |dx/dz| `(points,)`; `log_prob` gives the nats
    of z. Between `edges`, in rising order, lie the pieces, in two colours by turns; only what lies there is drawn.

    Example:
        >>> import torch
        >>> normal = torch.distributions.Normal(0.0, 1.0)
        >>> def double(z):
        ...     return 2 * z, torch.full_like(z, 2.0).log()
        >>> len(pushed_forward(double, normal.log_prob, torch.arange(-3, 4)).axes)
        3
    """
    figure = Figure(figsize=(9, 7))
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 2.2), height_ratios=(2.2, 1))
    curve = figure.add_subplot(grid[0, 1])
    data = figure.add_subplot(grid[0, 0], sharey=curve)
    latent = figure.add_subplot(grid[1, 1], sharex=curve)
    for number, (low, high) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        z = torch.linspace(low, high, 100)
        with torch.no_grad():
            x, log_det = forward(z)
            p_z, p_x = log_prob(z).exp(), (log_prob(z) - log_det).exp()
        colour = (BLUE, ORANGE)[number % 2]
        curve.plot(z, x, color=colour)
        latent.fill_between(z, p_z, color=colour)
        data.fill_betweenx(x, p_x, color=colour)
    data.invert_xaxis()
    data.set(xlabel="density of x", ylabel="x")
    latent.set(xlabel="z", ylabel="density of z")
    curve.set(title=title or "x = f(z): equal areas left and below")
    curve.label_outer()
    return figure


@styled
def warped_grids(maps: Mapping[str, Map], *, extent: float = 3.0, num_lines: int = 19) -> Figure:
    """Where each map sends a square grid, coloured by its log-determinant: the lighter, the more it was stretched.

    A map takes points `(points, 2)` and gives `(points, 2)` and log |det| `(points,)`.

    Example:
        >>> import torch
        >>> grow = lambda z: (2 * z, torch.full((len(z),), 4.0).log())
        >>> [axes.get_title() for axes in warped_grids({"twice": grow}).axes]
        ['twice', '']
    """
    figure = Figure(figsize=(4.2 * len(maps) + 1.2, 4.4))
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    across, along = torch.linspace(-extent, extent, num_lines), torch.linspace(-extent, extent, 121)
    points = torch.cartesian_prod(across, along)
    both = torch.cat([points, points.flip(1)])
    drawn = []
    for axes, (name, forward) in zip(panels, maps.items(), strict=True):
        with torch.no_grad():
            x, log_det = (value.view(2 * num_lines, len(along), -1) for value in forward(both))
        pieces = torch.stack([x[:, :-1], x[:, 1:]], dim=2).flatten(0, 1)
        shade = (log_det[:, :-1] + log_det[:, 1:]).flatten() / 2
        drawn.append(
            LineCollection(list(pieces.numpy()), array=shade.numpy(), cmap="cividis", linewidths=1.8)
        )
        axes.add_collection(drawn[-1])
        axes.autoscale_view()
        axes.set(title=name, aspect="equal")
    shades = np.concatenate([lines.get_array() for lines in drawn])
    for lines in drawn:
        lines.set_clim(shades.min(), shades.max() + 1e-6)
    figure.colorbar(drawn[-1], ax=list(panels), label="log |det|")
    return figure
