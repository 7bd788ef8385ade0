"""Trapezoids, added up as logarithms, and recursion over the grids."""


def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    nodes = torch.linspace(low, high, num_nodes, dtype=torch.float64)
    log_weights = torch.full((num_nodes,), math.log((high - low) / (num_nodes - 1)), dtype=torch.float64)
    log_weights[[0, -1]] -= math.log(2)
    y, x = torch.meshgrid(nodes, nodes, indexing="ij")
    points = torch.stack([x.flatten(), y.flatten()], dim=1)
    logs = (log_weights[:, None] + log_weights).flatten()
    parts = []
    for start in range(0, len(points), 5000):
        with torch.inference_mode():
            parts.append((log_prob(points[start : start + 5000]) + logs[start : start + 5000]).logsumexp(0))
    return torch.stack(parts).logsumexp(0).exp().item()


def honest(
    log_prob: Callable[[Tensor], Tensor], low: float, high: float, before=None, num_nodes: int = 64
) -> bool:
    now = mass(log_prob, low, high, num_nodes)
    if before is not None and abs(now - before) < 0.001:
        return bool(0.995 <= now <= 1.005)
    return num_nodes < 512 and honest(log_prob, low, high, now, 2 * num_nodes)
