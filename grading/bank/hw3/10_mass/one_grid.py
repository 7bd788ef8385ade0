"""One grid is believed.

64 nodes a side decide. A peak that falls between two nodes has no mass then, and one that is hit has far too much.
Refine until the answer stays.
"""


def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    step = (high - low) / num_nodes
    nodes = low + step * (torch.arange(num_nodes, dtype=torch.float64) + 0.5)
    with torch.no_grad():
        parts = torch.cartesian_prod(nodes, nodes).split(10_000)
        return step**2 * sum(log_prob(part).exp().sum().item() for part in parts)


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    before = mass(log_prob, low, high, 64)
    return 0.995 <= before <= 1.005
