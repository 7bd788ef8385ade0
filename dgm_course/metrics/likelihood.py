"""Units of likelihood: nats per example for mathematics, bits per dimension for tables that compare data sets.

    bits/dim = nats / (D · ln 2)

A figure without its unit, its number of dimensions and its data set says nothing: 1 nat is 1.4427 bits, and
density models of [0, 1]-scaled data are off by log2(levels) bits in every dimension.
"""

import math
from typing import TypeVar

from torch import Tensor

Number = TypeVar("Number", float, Tensor)


def bits_per_dim(nll_nats: Number, num_dims: int) -> Number:
    """Negative log-likelihood in nats per example -> bits per dimension.

    Example:
        >>> round(bits_per_dim(64 * math.log(17), num_dims=64), 3)  # uniform on 17 levels
        4.087
    """
    return nll_nats / (num_dims * math.log(2))


def nats_from_bits_per_dim(bits: Number, num_dims: int) -> Number:
    """Bits per dimension -> negative log-likelihood in nats per example.

    Example:
        >>> round(nats_from_bits_per_dim(1.0, num_dims=784), 2)
        543.43
    """
    return bits * (num_dims * math.log(2))


def bits_per_dim_of_scaled(nll_nats: Number, num_dims: int, num_levels: int) -> Number:
    """Bits per dimension of integer data whose dequantised values were scaled to [0, 1] before the density.

    The scaling divides by K = `num_levels` in each dimension, so p(integer) = p(scaled) · K^-D: log2(K) bits a
    dimension are to be added.

    Example:
        >>> bits_per_dim_of_scaled(0.0, num_dims=3072, num_levels=256)  # the uniform density on [0, 1]^3072
        8.0
    """
    return bits_per_dim(nll_nats, num_dims) + math.log2(num_levels)
