"""The table of systems is complete, and what it says of a system is what the system does."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import nbformat
import pytest
import torch

from dgm_course import models
from dgm_course.demos import DEMOS
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.base import GenerativeModel
from dgm_course.models.flows.base import Flow, log_normal
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.dequantization import UniformDequantization
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF, AutoregressiveAffine
from dgm_course.zoo import SYSTEMS, System, enumerable, grid, markdown_table, measure, rows


def every_model() -> set[type]:
    """The concrete models that the package defines."""
    for module in walk_packages(models.__path__, f"{models.__name__}."):
        import_module(module.name)
    found, queue = set(), [GenerativeModel]
    while queue:
        subclasses = queue.pop().__subclasses__()
        found |= {kind for kind in subclasses if kind.__module__.startswith(models.__name__)}
        queue += subclasses
    return {kind for kind in found if not kind.__abstractmethods__}


def test_every_model_of_the_package_has_a_row_of_its_own():
    kinds = [type(system.tiny()) for system in SYSTEMS]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) == every_model()


@pytest.mark.parametrize("system", filter(enumerable, SYSTEMS), ids=lambda system: system.name)
def test_a_tiny_instance_can_be_enumerated(system):
    model = system.tiny()
    assert model.num_levels ** len(torch.zeros(model.event_shape).flatten()) <= 1024


def system_of(kind, *args, **kwargs):
    return System("name", 2000, "paper", "family", lambda: kind(*args, **kwargs))


def test_capabilities_are_measured():
    """Each of these models says that it is exact; only the sum can tell."""

    class Leaky(MADE):
        def logits(self, x):
            return super().logits(x) + x.unsqueeze(-1) * torch.tensor([0.0, 1.0])

    class Uncached(Transformer):
        walk = AutoregressiveModel.walk

    class OffByRounding(MADE):
        """A walk whose logits are not those of one pass."""

        def walk(self, batch):
            walk, value = super().walk(batch), None
            for _ in self.order:
                value = yield walk.send(value) + 1e-3

    class Encoding(MADE):
        def encode(self, x):
            return x.double()

    honest, leaky = measure(system_of(MADE, 5)), measure(system_of(Leaky, 5))
    assert (honest.likelihood, honest.compression) == ("exact", "lossless")
    assert (leaky.likelihood, leaky.compression) == ("–", "–")
    assert honest.mass_error < 1e-12 < 1e-3 < leaky.mass_error
    assert honest.walk_error < 1e-12
    assert measure(system_of(OffByRounding, 5)).oracle_error == "0.001"
    cached, uncached = (measure(system_of(kind, 5, 2, width=8)) for kind in (Transformer, Uncached))
    assert cached.sampling == "D steps, 1 pass in all"
    assert uncached.sampling == "D passes"
    assert (honest.representation, measure(system_of(Encoding, 5)).representation) == ("–", "yes")


def test_capabilities_of_flows_are_measured():
    """The mass is what tells; and which direction of a flow is a walk is counted."""

    class WrongSign(RealNVP):
        def inverse(self, x):
            z, log_det = super().inverse(x)
            return z, -log_det

    class PassForEach(AutoregressiveAffine):
        def forward(self, z):
            x = torch.zeros_like(z)
            for i in self.order:
                mu, alpha = self.conditioner(x)
                x[:, i] = (mu + z * alpha.exp())[:, i]
            return x, alpha.sum(dim=1)

    class SlowMAF(MAF):
        def __init__(self):
            Flow.__init__(self, [PassForEach((0, 1, 2, 3), (9,))], (4,))

    wrong, right = (measure(system_of(kind, 2, 2, (8,))) for kind in (WrongSign, RealNVP))
    assert (wrong.likelihood, right.likelihood) == ("–", "exact")
    assert (right.sampling, right.compression, right.representation) == ("1 pass", "–", "yes")
    slow, maf, iaf = (
        measure(system_of(*args)) for args in ((SlowMAF,), (MAF, 4, 1, (9,)), (IAF, 4, 1, (9,)))
    )
    assert slow.sampling == "D passes"
    assert maf.sampling == "D steps, 1 pass in all"
    assert (iaf.sampling, iaf.likelihood) == ("1 pass", "exact, D steps")
    bound = measure(system_of(lambda: UniformDequantization(RealNVP(2, 2, (8,)), 3)))
    assert (bound.likelihood, bound.compression) == ("bound", "–")


def test_a_grid_covers_the_mass():
    for shape in ((1,), (2,), (1, 2, 2)):
        nodes, volume = grid(Flow([], shape))
        assert abs(log_normal(nodes).exp().sum() * volume - 1) < 1e-5


@pytest.fixture(scope="module")
def table_text() -> str:
    return markdown_table()


def test_a_row_for_every_system_and_a_line_for_every_row(table_text):
    table = rows()
    assert [row["system"] for row in table] == [system.name for system in SYSTEMS]
    assert len({tuple(row) for row in table}) == 1
    assert all(row.values() for row in table)
    families = re.split(r"^\*\*(.+)\*\*.*$", table_text, flags=re.MULTILINE)[1:]
    assert families[::2] == list(dict.fromkeys(system.family for system in SYSTEMS))
    for family, text in zip(families[::2], families[1::2], strict=True):
        lines = text.strip().splitlines()
        assert len(lines) == 2 + sum(system.family == family for system in SYSTEMS)
        assert len({line.count("|") for line in lines}) == 1


def test_what_a_family_has_in_common_is_said_once(table_text):
    assert table_text.startswith("**autoregressive**: likelihood exact\n")
    header = table_text.splitlines()[2]
    assert "| lecture | demo |" in header
    assert not {"family", "likelihood", "representation"} & set(header.split(" | "))


def test_what_can_be_walked_along_can_be_coded():
    """Orderless NADE is a mixture: only each of its orders is a chain of conditionals."""
    for system in filter(enumerable, SYSTEMS):
        able = measure(system)
        assert max(able.mass_error, able.walk_error) < 1e-9, system.name
        assert (able.compression == "–") == (system.name == "Orderless NADE")


def lecture_text(number: str) -> str:
    (path,) = Path(__file__).parents[2].glob(f"lectures/{number:0>2}_*/*.ipynb")
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_its_section_names_it_and_its_demo_is_in_the_lecture(system):
    """By its name, or by its paper where no other system of the section has the same."""
    number, _, title = system.lecture.partition(": ")
    text = lecture_text(number)
    _, heading, after = text.partition(f"## {title}\n")
    section = after.partition("\n## ")[0]
    assert heading
    alone = not any(
        other != system and other.lecture == system.lecture and other.paper == system.paper
        for other in SYSTEMS
    )
    assert system.name.lower() in (heading + section).lower() or (alone and paper_key(system) in section)
    assert f"\n{DEMOS[system.demo].__name__}(" in text


def paper_key(system: System) -> str:
    """The number of a paper, or its first author."""
    return re.split(r"[\s,:]", system.paper.removeprefix("arXiv:"))[0]
