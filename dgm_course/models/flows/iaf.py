"""IAF: inverse autoregressive flow (Kingma et al. 2016, arXiv:1606.04934).

The same layer as MAF's, read backwards: scale and shift are functions of the noise before, not of the data before,

    x_i = (z_i − μ_i(z_<i)) exp(−α_i(z_<i)),     log |det ∂x/∂z| = −Σ_i α_i(z_<i)

(σ_i z_i + m_i in the paper and the lecture: other names for the same functions, σ = exp(−α) and m = −μ σ). All z are
known at once, so a draw is one pass, and so is the density of what was just drawn: enough for a variational posterior,
where IAF comes from. The density of other data takes D steps, for z_i is needed before μ_{i+1} can be known.
Which direction is cheap is all that the two differ in.
"""

from collections.abc import Sequence

from dgm_course.models.flows.base import Flow, Reversed
from dgm_course.models.flows.maf import AutoregressiveAffine, alternating_orders


class IAF(Flow):
    """A chain of inverse autoregressive layers over D dimensions, in alternating order.

    Example:
        >>> import torch
        >>> model = IAF(num_dims=3, num_layers=2, hidden=(16,))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 3]), torch.Size([5]), torch.Size([5, 3]))
    """

    def __init__(self, num_dims: int, num_layers: int = 5, hidden: Sequence[int] = (64, 64)) -> None:
        orders = alternating_orders(num_dims, num_layers)
        super().__init__([Reversed(AutoregressiveAffine(order, hidden)) for order in orders], (num_dims,))
