"""Gauss-Legendre nodes and weights, which are better than the midpoint rule."""


@torch.no_grad()
def mass(log_prob: Callable[[Tensor], Tensor], low: float, high: float, num_nodes: int) -> float:
    nodes, weights = (torch.from_numpy(array) for array in np.polynomial.legendre.leggauss(num_nodes))
    half = (high - low) / 2
    points = torch.cartesian_prod(nodes, nodes) * half + (low + high) / 2
    density = torch.cat([log_prob(part).exp() for part in points.split(9000)])
    return float(half**2 * torch.einsum("i,j,ij->", weights, weights, density.reshape(num_nodes, num_nodes)))


def honest(log_prob: Callable[[Tensor], Tensor], low: float, high: float) -> bool:
    masses = (mass(log_prob, low, high, 64 << doublings) for doublings in range(4))
    before = next(masses)
    for now in masses:
        if abs(before - now) < 1e-3:
            return math.isclose(now, 1, rel_tol=0, abs_tol=0.005)
        before = now
    return False
