"""Square cells of the plane, and what they become when their corners are mapped."""

import torch
from jaxtyping import Float
from torch import Tensor


def corners(cells: int, reach: float) -> Float[Tensor, "points 2"]:
    """The corners of cells × cells squares that fill [−reach, reach]², row by row from below.

    Example:
        >>> corners(1, 2.0).tolist()
        [[-2.0, -2.0], [2.0, -2.0], [-2.0, 2.0], [2.0, 2.0]]
    """
    ticks = torch.linspace(-reach, reach, cells + 1, dtype=torch.float64)
    return torch.cartesian_prod(ticks, ticks).flip(1)


def quadrilaterals(points: Float[Tensor, "points 2"]) -> Float[Tensor, "cells 4 2"]:
    """The cells between the corners, each counter-clockwise as long as it is not turned over.

    Example:
        >>> quadrilaterals(corners(1, 1.0)).tolist()
        [[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]]
    """
    grid = points.view(round(len(points) ** 0.5), -1, 2)
    return torch.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], dim=2).flatten(0, 1)


def signed_area(polygons: Float[Tensor, "*polygons corners 2"]) -> Float[Tensor, " *polygons"]:
    """The area of a polygon, below zero when its corners go round clockwise (Gauss).

    Example:
        >>> cell = quadrilaterals(corners(1, 1.0))
        >>> signed_area(cell), signed_area(cell.flip(1))
        (tensor([4.], dtype=torch.float64), tensor([-4.], dtype=torch.float64))
    """
    x, y = (polygons - polygons[..., :1, :]).unbind(dim=-1)  # far from the origin products would cancel
    return (x * y.roll(-1, dims=-1) - y * x.roll(-1, dims=-1)).sum(dim=-1) / 2
