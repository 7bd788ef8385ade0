"""The table of systems is complete, and what it says of a system is what the system does."""

from importlib import import_module
from pkgutil import walk_packages

import pytest
import torch

from dgm_course import models
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.base import GenerativeModel
from dgm_course.zoo import SYSTEMS, System, markdown_table, measure, rows


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


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
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

    class Encoding(MADE):
        def encode(self, x):
            return x.double()

    honest, leaky = measure(system_of(MADE, 5)), measure(system_of(Leaky, 5))
    assert (honest.likelihood, honest.compression) == ("exact", "lossless")
    assert (leaky.likelihood, leaky.compression) == ("–", "–")
    cached, uncached = (measure(system_of(kind, 5, 2, width=8)) for kind in (Transformer, Uncached))
    assert cached.sampling == "D steps, 1 pass in all"
    assert uncached.sampling == "D passes"
    assert (honest.representation, measure(system_of(Encoding, 5)).representation) == ("–", "yes")


def test_a_row_for_every_system_and_a_line_for_every_row():
    table = rows()
    assert [row["system"] for row in table] == [system.name for system in SYSTEMS]
    assert len({tuple(row) for row in table}) == 1
    assert all(row.values() for row in table)
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(SYSTEMS)
    assert len({line.count("|") for line in lines}) == 1
