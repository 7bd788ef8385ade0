"""The zoo: every system of the course, one declarative row each.

What a system can do is not typed in but measured from a tiny instance with random weights: how far its probabilities
are from summing to one (a density: from integrating to one), whether events come back from compression, how many
random draws and how much arithmetic one sample takes. What it reached on its offline data set is measured, too, by
`tests/benchmarks/systems.py`, which writes `zoo_figures.json`; only the published figure beside it is a quotation.
`markdown_table()` makes the README's table of all this.
"""

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from math import prod
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from dgm_course.compression import decode, encode
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.char_rnn import CharRNN
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.models.autoregressive.logistic_mixture import LogisticMixture
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.markov import MarkovMLP
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.orderless_nade import OrderlessNADE
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.models.base import ExactLikelihood, GenerativeModel
from dgm_course.models.flows.base import Flow
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.dequantization import UniformDequantization, VariationalDequantization
from dgm_course.models.flows.glow import Glow
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.multiscale import MultiscaleRealNVP
from dgm_course.models.flows.planar import PlanarFlow
from dgm_course.models.flows.spline import SplineFlow
from dgm_course.testing import all_strings, randomize

PRODUCTS = {
    torch.ops.aten.mm,
    torch.ops.aten.addmm,
    torch.ops.aten.bmm,
    torch.ops.aten.baddbmm,
    torch.ops.aten.convolution,
    torch.ops.aten.linalg_solve_triangular,
}

CAPABILITIES = ("likelihood", "one sample", "compression", "representation")


@dataclass(frozen=True)
class System:
    """One row; `tiny` builds an instance whose whole event space can be enumerated, or covered by a grid.

    `lecture` is a lecture's number and the section that names the system; `demo` shows it, or an idea it is made of.
    """

    name: str
    year: int
    paper: str
    family: str
    tiny: Callable[[], GenerativeModel]
    published: str = "–"
    lecture: str = "–"
    demo: str = "–"


@dataclass(frozen=True)
class Capabilities:
    """What a system was seen to do, for one sample of `dims` dimensions.

    `bound` is whether it knows its probabilities from below only. `mass_error` is how far they are from summing to one;
    of a density it is that of the grid, too. `walk_error` is the largest difference between the logits of a `walk` and
    those of one pass. `passes` is the arithmetic of a sample as a multiple of that of one `loss`, and None where there
    is no network; `products` is the same for the number of matrix products, whatever their size.
    """

    dims: int
    discrete: bool
    bound: bool
    mass_error: float
    walk_error: float
    draws: int
    passes: float | None
    products: float | None
    decodes: bool
    encodes: bool

    @property
    def exact(self) -> bool:
        return not self.bound and self.mass_error < (1e-9 if self.discrete else 5e-3)

    @property
    def likelihood(self) -> str:
        if self.bound:
            return "bound"
        if self.exact and not self.discrete and self.products is not None and self.products < 1:
            return "exact, D steps"
        return "exact" if self.exact else "–"

    @property
    def sampling(self) -> str:
        """Readable in D, the number of dimensions: what grows with D is named D."""
        if self.passes is None or self.products is None:
            return "at once"
        if self.draws < self.dims and not self.products > 1:
            return "1 pass"
        if round(self.passes) == self.dims:
            return "D passes"
        return f"D steps, {self.passes:.0f} pass{'es' if round(self.passes) > 1 else ''} in all"

    @property
    def compression(self) -> str:
        return "lossless" if self.exact and self.decodes else "–"

    @property
    def oracle_error(self) -> str:
        """The larger of both errors, to one digit."""
        return "–" if self.bound else f"{max(self.mass_error, self.walk_error):.0g}".replace("-", "−")

    @property
    def representation(self) -> str:
        return "yes" if self.encodes else "–"


SYSTEMS = (
    System(
        "Histogram",
        1895,
        "Pearson, Phil. Trans. A 186",
        "autoregressive",
        lambda: Histogram(3, (4,)),
        lecture="2: Histograms",
        demo="histogram_mle",
    ),
    System(
        "Logistic mixture",
        2017,
        "arXiv:1701.05517",
        "autoregressive",
        lambda: LogisticMixture(5, (3,), num_components=2),
        lecture="2: Discretised logistics",
        demo="discretised_logistic",
    ),
    System(
        "Markov-window MLP",
        2003,
        "Bengio et al., JMLR 3",
        "autoregressive",
        lambda: MarkovMLP(6, 2, context=3, hidden=8),
        lecture="2: Markov models",
        demo="next_symbol",
    ),
    System(
        "char-RNN",
        2010,
        "Mikolov et al., Interspeech",
        "autoregressive",
        lambda: CharRNN(5, 3, hidden=4),
        lecture="2: Recurrent models",
        demo="next_symbol",
    ),
    System(
        "NADE",
        2011,
        "Larochelle & Murray, AISTATS",
        "autoregressive",
        lambda: NADE(6, hidden=7, order=(3, 0, 5, 1, 4, 2)),
        published="88.33 nats: MNIST 28×28, fixed binarisation",
        lecture="2: Masks",
        demo="pixel_sampler",
    ),
    System(
        "Orderless NADE",
        2014,
        "arXiv:1310.1757",
        "autoregressive",
        lambda: OrderlessNADE(4, hidden=(8,), num_levels=3, num_orders=3),
        published="85.10 nats: MNIST 28×28, fixed binarisation, 2 layers, 128 orders",
        lecture="2: Masks",
        demo="made_masks",
    ),
    System(
        "MADE",
        2015,
        "arXiv:1502.03509",
        "autoregressive",
        lambda: MADE(6, hidden=(10, 10), order=(3, 0, 5, 1, 4, 2)),
        published="88.40 nats: MNIST 28×28, fixed binarisation, one mask",
        lecture="2: Masks",
        demo="made_masks",
    ),
    System(
        "WaveNet",
        2016,
        "arXiv:1609.03499",
        "autoregressive",
        lambda: WaveNet(6, 3, channels=4, skip_channels=4, dilations=(1, 2)),
        lecture="2: WaveNet",
        demo="wavenet_tree",
    ),
    System(
        "Row LSTM",
        2016,
        "arXiv:1601.06759",
        "autoregressive",
        lambda: RowLSTM((1, 3, 3), channels=4, num_layers=1, first_kernel=3),
        published="3.07 bits/dim: CIFAR-10",
        lecture="2: Masked convolutions",
        demo="pixel_sampler",
    ),
    System(
        "Diagonal BiLSTM",
        2016,
        "arXiv:1601.06759",
        "autoregressive",
        lambda: DiagonalBiLSTM((1, 3, 3), channels=4, num_layers=1, first_kernel=3),
        published="79.20 nats: MNIST 28×28, fixed binarisation; 3.00 bits/dim: CIFAR-10",
        lecture="2: Masked convolutions",
        demo="pixel_sampler",
    ),
    System(
        "PixelCNN",
        2016,
        "arXiv:1601.06759",
        "autoregressive",
        lambda: PixelCNN((1, 3, 3), channels=4, num_blocks=1, first_kernel=3),
        published="81.30 nats: MNIST 28×28, fixed binarisation; 3.14 bits/dim: CIFAR-10",
        lecture="2: Masked convolutions",
        demo="receptive_field",
    ),
    System(
        "Gated PixelCNN",
        2016,
        "arXiv:1606.05328",
        "autoregressive",
        lambda: GatedPixelCNN((1, 3, 3), channels=4, num_layers=2),
        published="3.03 bits/dim: CIFAR-10",
        lecture="2: Gated PixelCNN",
        demo="receptive_field",
    ),
    System(
        "PixelCNN++",
        2017,
        "arXiv:1701.05517",
        "autoregressive",
        lambda: PixelCNNPlusPlus((1, 3, 3), 2, channels=2, num_blocks=1, num_components=2),
        published="2.92 bits/dim: CIFAR-10",
        lecture="2: Discretised logistics",
        demo="discretised_logistic",
    ),
    System(
        "PixelSNAIL",
        2018,
        "arXiv:1712.09763",
        "autoregressive",
        lambda: PixelSNAIL((1, 3, 3), 2, 2, num_blocks=1, num_layers=1, dims=2, num_components=2),
        published="2.85 bits/dim: CIFAR-10",
        lecture="2: Attention",
        demo="pixel_sampler",
    ),
    System(
        "Transformer",
        2017,
        "arXiv:1706.03762",
        "autoregressive",
        lambda: Transformer(6, 3, width=8, num_heads=2, num_layers=1),
        lecture="2: Attention",
        demo="kv_cache",
    ),
    System(
        "ImageGPT",
        2020,
        "Chen et al., ICML",
        "autoregressive",
        lambda: ImageGPT((2, 2, 2), 2, width=8, num_heads=2, num_layers=1),
        published="79.17 nats: MNIST 28×28, binarised anew every epoch, by pytorch-generative",
        lecture="2: Attention",
        demo="kv_cache",
    ),
    System(
        "Mixture-CDF flow",
        2019,
        "arXiv:1902.00275",
        "flows",
        lambda: Flow([MixtureCDF((1,), num_components=4)], (1,)),
        lecture="5: Change of variables",
        demo="change_of_variables",
    ),
    System(
        "Planar flow",
        2015,
        "arXiv:1505.05770",
        "flows",
        lambda: PlanarFlow(2, num_layers=2),
        lecture="5: Planar flows",
        demo="planar_bend",
    ),
    System(
        "RealNVP",
        2017,
        "arXiv:1605.08803",
        "flows",
        lambda: RealNVP(2, num_layers=2, hidden=(8,)),
        lecture="5: Coupling",
        demo="coupling_steps",
    ),
    System(
        "RealNVP, multiscale",
        2017,
        "arXiv:1605.08803",
        "flows",
        lambda: MultiscaleRealNVP((1, 2, 2), num_scales=2, channels=2),
        published="3.49 bits/dim: CIFAR-10",
        lecture="5: Multiscale",
        demo="grid_warp",
    ),
    System(
        "Glow",
        2018,
        "arXiv:1807.03039",
        "flows",
        lambda: Glow((1, 2, 2), num_scales=2, num_steps=1, channels=2),
        published="3.35 bits/dim: CIFAR-10",
        lecture="5: ActNorm",
        demo="coupling_steps",
    ),
    System(
        "MAF",
        2017,
        "arXiv:1705.07057",
        "flows",
        lambda: MAF(2, num_layers=2, hidden=(8,)),
        published="NLL −0.14 nats: POWER; NLL −9.07 nats: GAS (5 layers)",
        lecture="5: Autoregressive flows",
        demo="maf_iaf",
    ),
    System(
        "IAF",
        2016,
        "arXiv:1606.04934",
        "flows",
        lambda: IAF(2, num_layers=2, hidden=(8,)),
        lecture="5: Autoregressive flows",
        demo="maf_iaf",
    ),
    System(
        "Rational-quadratic spline flow",
        2019,
        "arXiv:1906.04032",
        "flows",
        lambda: SplineFlow(2, num_layers=2, hidden=(8,), num_bins=4),
        published="NLL −0.64 nats: POWER; NLL −13.09 nats: GAS (coupling)",
        lecture="5: Splines",
        demo="live_flow",
    ),
    System(
        "Uniform dequantisation",
        2013,
        "arXiv:1306.0186",
        "flows",
        lambda: UniformDequantization(RealNVP(2, num_layers=2, hidden=(8,)), num_levels=3),
        lecture="5: Dequantisation",
        demo="dequantization",
    ),
    System(
        "Variational dequantisation",
        2019,
        "arXiv:1902.00275",
        "flows",
        lambda: VariationalDequantization(RealNVP(2, num_layers=2, hidden=(8,)), num_levels=3, hidden=(8,)),
        published="3.08 bits/dim: CIFAR-10, Flow++",
        lecture="5: Dequantisation",
        demo="dequantization",
    ),
)


def enumerable(system: System) -> bool:
    """Whether the probabilities of all events can be summed: data are discrete, and log p(x) is exact.

    Example:
        >>> [enumerable(system) for system in SYSTEMS if system.name in ("MADE", "MAF")]
        [True, False]
    """
    model = system.tiny()
    return hasattr(model, "num_levels") and isinstance(model, ExactLikelihood)


def support(model: GenerativeModel) -> Int[Tensor, " events *event"]:
    """Every event of a discrete model, for models small enough."""
    num_levels: Any = model.num_levels
    return all_strings(num_levels, prod(model.event_shape)).view(-1, *model.event_shape)


def grid(model: GenerativeModel) -> tuple[Float[Tensor, " nodes *event"], float]:
    """The midpoints of cells that cover where a continuous model of 1, 2 or 4 dimensions has its mass; their volume.

    The rule of midpoints is exact to many digits for densities without edges, as far as the cells resolve them.

    Example:
        >>> nodes, volume = grid(RealNVP(2))
        >>> nodes.shape, volume
        (torch.Size([65536, 2]), 0.006103515625)
    """
    dims = prod(model.event_shape)
    each, extent = {1: (4096, 20.0), 2: (256, 10.0), 4: (16, 5.0)}[dims]
    width = 2 * extent / each
    axis = width * (torch.arange(each, dtype=torch.float64) + 0.5) - extent
    return torch.cartesian_prod(*[axis] * dims).view(-1, *model.event_shape), width**dims


@torch.no_grad()
def measure(system: System) -> Capabilities:
    """Look at a tiny instance with random weights.

    Example:
        >>> made = next(system for system in SYSTEMS if system.name == "MADE")
        >>> able = measure(made)
        >>> able.dims, able.likelihood, able.draws, able.sampling
        (6, 'exact', 6, 'D steps, 1 pass in all')
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # for what is drawn at first and kept, such as a permutation
        model: Any = system.tiny()
    discrete, bound = hasattr(model, "num_levels"), hasattr(model, "elbo")
    randomize(model, Generator().manual_seed(0), scale=1.0 if discrete else 0.2)
    likelihood = model.elbo if bound else model.log_prob
    points, volume = (support(model), 1.0) if discrete else grid(model)
    total = float(likelihood(points).exp().sum()) * volume
    walk_error, decodes = 0.0, False
    if isinstance(model, AutoregressiveModel):
        at_once, values = model.logits(points).flatten(1, -2), points.flatten(1)
        walk, value = model.walk(len(points)), None
        for i in model.order:
            walk_error = max(walk_error, float((walk.send(value) - at_once[:, i]).abs().max()))
            value = values[:, i]
        decodes = torch.equal(decode(model, encode(model, points), len(points)), points)
    with _Count() as sampling, FlopCounterMode(display=False) as of_sample:
        x = model.sample(1)
    with _Count() as evaluating, FlopCounterMode(display=False) as of_one:
        model.loss(x)
    arithmetic = of_one.get_total_flops()
    return Capabilities(
        dims=prod(model.event_shape),
        discrete=discrete,
        bound=bound,
        mass_error=abs(total - 1),
        walk_error=walk_error,
        draws=sampling.draws,
        passes=of_sample.get_total_flops() / arithmetic if arithmetic else None,
        products=sampling.products / evaluating.products if evaluating.products else None,
        decodes=decodes,
        encodes=hasattr(model, "encode"),
    )


def rows() -> list[dict[str, str]]:
    """The table: one dictionary a system, with the same keys in the same order, everything as text.

    Example:
        >>> made = next(row for row in rows() if row["system"] == "MADE")
        >>> made["paper"], made["likelihood"], made["one sample"]
        ('arXiv:1502.03509 (2015)', 'exact', 'D steps, 1 pass in all')
    """
    figures = json.loads(files("dgm_course").joinpath("zoo_figures.json").read_text("utf-8"))
    table = []
    for system in SYSTEMS:
        able, figure = measure(system), figures[system.name]
        table.append(
            {
                "system": system.name,
                "family": system.family,
                "paper": f"{system.paper} ({system.year})",
                "likelihood": able.likelihood,
                "oracle error": able.oracle_error,
                "one sample": able.sampling,
                "compression": able.compression,
                "representation": able.representation,
                "data": figure["data"],
                "test": f"{'≤ ' * figure.get('bound', False)}{_value(figure)} {figure['unit']}",
                "CPU s": f"{figure['cpu_seconds']:.1f}",
                "published": system.published,
                "lecture": system.lecture,
                "demo": system.demo,
            }
        )
    return table


def _value(figure: dict[str, Any]) -> str:
    """The mean over the test set, to three decimals, or with its standard error where that leaves no second one."""
    error = figure.get("error", 0.0)
    return f"{figure['value']:.1f} ± {error:.1f}" if error > 0.05 else f"{figure['value']:.3f}"


def markdown_table() -> str:
    """`rows()` for the README: a table a family, below a line on what all of it have in common."""
    families = itertools.groupby(rows(), key=lambda row: row["family"])
    text = "\n\n".join(_family(name, list(table)) for name, table in families)
    return re.sub(r"arXiv:([\d.]+)", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _family(name: str, table: list[dict[str, str]]) -> str:
    """Columns in which no system has an entry are left out, and capabilities that all share are said once."""
    entries = {column: {row[column] for row in table} for column in table[0]}
    common = [column for column in CAPABILITIES if len(entries[column]) == 1 and entries[column] != {"–"}]
    columns = [c for c in entries if entries[c] != {"–"} and c not in ("family", *common)]
    said = ", ".join(f"{column} {table[0][column]}" for column in common)
    lines = [columns, ["---"] * len(columns), *([row[column] for column in columns] for row in table)]
    return "\n".join(
        [f"**{name}**" + f": {said}" * bool(said), "", *(f"| {' | '.join(line)} |" for line in lines)]
    )


class _Count(TorchDispatchMode):
    """Counts the operations that read a random generator, and products and solutions with matrices."""

    draws = 0
    products = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.draws += torch.Tag.nondeterministic_seeded in func.tags
        self.products += func.overloadpacket in PRODUCTS
        return func(*args, **(kwargs or {}))
