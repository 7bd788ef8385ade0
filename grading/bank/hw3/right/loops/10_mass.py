"""Row by row."""


def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    step = (high - low) / num_nodes
    total = 0.0
    across = torch.tensor([low + (i + 0.5) * step for i in range(num_nodes)], dtype=torch.float64)
    with torch.no_grad():
        for row in across:
            points = torch.stack([across, row.repeat(num_nodes)], dim=1)
            total += float(torch.exp(log_prob(points)).sum()) * step * step
    return total


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    masses = []
    num_nodes = 64
    while num_nodes <= 512:
        masses.append(mass(log_prob, low, high, num_nodes))
        if len(masses) > 1 and abs(masses[-1] - masses[-2]) < 0.001:
            return abs(masses[-1] - 1) <= 0.005
        num_nodes = 2 * num_nodes
    return False
