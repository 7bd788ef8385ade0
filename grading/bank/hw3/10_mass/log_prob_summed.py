"""The logarithms are added up.

`log_prob` is in nats. The mass is the integral of the density itself, which is exp(log_prob).
"""


def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    step = (high - low) / num_nodes
    nodes = low + step * (torch.arange(num_nodes, dtype=torch.float64) + 0.5)
    with torch.no_grad():
        parts = torch.cartesian_prod(nodes, nodes).split(10_000)
        return step**2 * sum(log_prob(part).sum().item() for part in parts)


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    before = mass(log_prob, low, high, 64)
    for num_nodes in (128, 256, 512):
        now = mass(log_prob, low, high, num_nodes)
        if abs(now - before) < 0.001:
            return 0.995 <= now <= 1.005
        before = now
    return False
