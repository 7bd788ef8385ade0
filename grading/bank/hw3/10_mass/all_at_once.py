"""All points in one call.

A grid of 512 nodes a side has 262,144 points, and a network makes hundreds of numbers of each. Parts of 10,000 need
the memory of one part.
"""


def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    step = (high - low) / num_nodes
    nodes = low + step * (torch.arange(num_nodes, dtype=torch.float64) + 0.5)
    with torch.no_grad():
        parts = torch.cartesian_prod(nodes, nodes).split(num_nodes**2)
        return step**2 * sum(log_prob(part).exp().sum().item() for part in parts)


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    before = mass(log_prob, low, high, 64)
    for num_nodes in (128, 256, 512):
        now = mass(log_prob, low, high, num_nodes)
        if abs(now - before) < 0.001:
            return 0.995 <= now <= 1.005
        before = now
    return False
