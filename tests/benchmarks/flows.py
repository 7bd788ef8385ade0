"""Our flows against zuko, nflows and normflows: log_prob, a step of training, and MAF's inverse; one thread.

    pip install --no-deps zuko==1.6.0 nflows==0.14 normflows==1.7.3    # pure Python; nothing else needs them
    python tests/benchmarks/flows.py [rounds]

All have the same networks (ReLU, two hidden layers), so as many parameters, which are printed, and the same arithmetic.
A ratio is ours over theirs within one round, in which all take turns; the median over rounds is printed: below 1 ours
is faster. normflows has its MAF the other way round: its density takes D passes, and is left out at D = 64.
"""

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dgm_course.models.flows.coupling import RealNVP, mlp
from dgm_course.models.flows.maf import MAF
from dgm_course.models.flows.spline import SplineFlow

BATCH, BINS, BOUND = 256, 8, 5.0
SIZES = {2: (5, (64, 64)), 64: (5, (128, 128))}  # dimensions: layers, hidden units


class TakesContext(nn.Sequential):
    """nflows and normflows hand their networks a context, here None."""

    def forward(self, x: Tensor, context: None = None) -> Tensor:
        return super().forward(x)


def network(hidden: tuple[int, ...], num_inputs: int, num_outputs: int) -> TakesContext:
    return TakesContext(*mlp(num_inputs, hidden, num_outputs))


def alternating(D: int, layers: int) -> list[Tensor]:
    return [(torch.arange(D) % 2 == layer % 2).float() for layer in range(layers)]


def with_zuko(kind: str, D: int) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    import zuko

    layers, hidden = SIZES[D]
    if kind == "MAF":
        flow = zuko.flows.MAF(D, transforms=layers, hidden_features=hidden)
    elif kind == "RealNVP":
        flow = zuko.flows.NICE(D, transforms=layers, hidden_features=hidden)
    else:
        curve = partial(zuko.transforms.MonotonicRQSTransform, bound=BOUND, slope=1e-3)
        shapes = [(BINS,), (BINS,), (BINS - 1,)]
        flow = zuko.flows.NICE(D, transforms=layers, hidden_features=hidden, univariate=curve, shapes=shapes)
    return flow, lambda x: flow().log_prob(x)


def with_nflows(kind: str, D: int) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    from nflows import distributions, flows, transforms

    layers, hidden = SIZES[D]
    steps: list[nn.Module] = []
    for mask in alternating(D, layers):
        if kind == "MAF":
            steps.append(transforms.ReversePermutation(D))
            steps.append(
                transforms.MaskedAffineAutoregressiveTransform(
                    D, hidden[0], num_blocks=1, use_residual_blocks=False
                )
            )
        elif kind == "RealNVP":
            steps.append(transforms.AffineCouplingTransform(mask, partial(network, hidden)))
        else:
            steps.append(
                transforms.PiecewiseRationalQuadraticCouplingTransform(
                    mask, partial(network, hidden), num_bins=BINS, tails="linear", tail_bound=BOUND
                )
            )
    flow = flows.Flow(transforms.CompositeTransform(steps), distributions.StandardNormal([D]))
    return flow, flow.log_prob


def with_normflows(kind: str, D: int) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    import normflows
    from normflows.flows.neural_spline.coupling import PiecewiseRationalQuadraticCoupling

    class Spline(normflows.flows.Flow):
        """`normflows.flows.CoupledRationalQuadraticSpline` with the network of the others."""

        def __init__(self, mask: Tensor) -> None:
            super().__init__()
            self.coupling = PiecewiseRationalQuadraticCoupling(
                mask, partial(network, hidden), num_bins=BINS, tails="linear", tail_bound=BOUND
            )

        def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
            z, log_det = self.coupling(x)
            return z, log_det.view(-1)

    layers, hidden = SIZES[D]
    steps: list[nn.Module] = []
    for mask in alternating(D, layers):
        if kind == "MAF":
            steps.append(
                normflows.flows.MaskedAffineAutoregressive(
                    D, hidden[0], num_blocks=1, use_residual_blocks=False
                )
            )
            steps.append(normflows.flows.Permute(D, mode="swap"))
        elif kind == "RealNVP":
            steps.append(normflows.flows.AffineCouplingBlock(mlp(D // 2, hidden, D)))
            steps.append(normflows.flows.Permute(D, mode="swap"))
        else:
            steps.append(Spline(mask))
    flow = normflows.NormalizingFlow(normflows.distributions.DiagGaussian(D, trainable=False), steps)
    return flow, flow.log_prob


def ours(kind: str, D: int) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    layers, hidden = SIZES[D]
    flow = (
        SplineFlow(D, layers, hidden, BINS, BOUND)
        if kind == "spline"
        else {"MAF": MAF, "RealNVP": RealNVP}[kind](D, layers, hidden)
    )
    return flow, flow.log_prob


PEERS = {"ours": ours, "zuko": with_zuko, "nflows": with_nflows, "normflows": with_normflows}


def seconds(work: Callable[[], Any], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - start) / repeats


def compare(works: dict[str, Callable[[], Any]], rounds: int) -> str:
    """Ours over theirs, the median over rounds; every way is repeated until a turn takes a few milliseconds."""
    once = {name: min(seconds(work, 1) for _ in range(2)) for name, work in works.items()}
    repeats = {name: max(1, round(0.02 / time)) for name, time in once.items()}
    taken: list[dict[str, float]] = [
        {name: seconds(work, repeats[name]) for name, work in works.items()} for _ in range(rounds)
    ]
    ratios = {
        name: statistics.median(times["ours"] / times[name] for times in taken)
        for name in works
        if name != "ours"
    }
    own = 1e3 * statistics.median(times["ours"] for times in taken)
    text = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return f"{own:.2f} ms; {text}; the worst {max(ratios.values()):.2f}"


def step(flow: nn.Module, log_prob: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-5)

    def train() -> None:
        optimizer.zero_grad()
        (-log_prob(x).mean()).backward()
        optimizer.step()

    return train


def evaluation(log_prob: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], Tensor]:
    return torch.no_grad()(lambda: log_prob(x))


def maf_inverse(rounds: int) -> str:
    """256 draws of 64 dimensions, from the same latents."""
    z = torch.randn(BATCH, 64)
    (own, _), (other, _) = ours("MAF", 64), with_zuko("MAF", 64)
    works = {
        "ours": torch.no_grad()(lambda: own(z)),
        "zuko": torch.no_grad()(lambda: other().transform.inv(z)),
    }
    return compare(works, rounds)


def main(rounds: int) -> None:
    missing = [name for name in PEERS if name != "ours" and importlib.util.find_spec(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}; see the first lines of tests/benchmarks/flows.py")
        return
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for D in SIZES:
        x = torch.randn(BATCH, D)
        for kind in ("MAF", "RealNVP", "spline"):
            built = {name: build(kind, D) for name, build in PEERS.items()}
            sizes = {name: sum(p.numel() for p in flow.parameters()) for name, (flow, _) in built.items()}
            print(f"{kind}, D = {D}: parameters {sizes}", flush=True)
            if kind == "MAF" and D == 64:
                del built["normflows"]  # D passes: 50 times as long
            log_probs = {name: evaluation(log_prob, x) for name, (_, log_prob) in built.items()}
            print(f"  log_prob    {compare(log_probs, rounds)}", flush=True)
            steps = {name: step(flow, log_prob, x) for name, (flow, log_prob) in built.items()}
            print(f"  train step  {compare(steps, rounds)}", flush=True)
    print(f"MAF, D = 64, inverse: {maf_inverse(rounds)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
