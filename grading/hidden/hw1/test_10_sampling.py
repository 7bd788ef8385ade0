"""Task 10: samples of random tables follow their exact probabilities, and evidence conditions what comes after it.

A right sampler fails one of the statistical tests with a probability of at most 1e-6 each.
"""

import pytest
import torch

from dgm_course.testing import all_strings, assert_close, assert_samples_follow, assert_shape

READ = "task 10 of the notebook, and lecture 2, section 'Sampling'"
NUM_SAMPLES = 40_000


def draw_tables(num_levels, num_dims, rng):
    return [
        1.5 * torch.randn((num_levels,) * (i + 1), generator=rng, dtype=torch.float64)
        for i in range(num_dims)
    ]


def draw_seed(rng):
    return int(torch.randint(2**31, (), generator=rng))


def conditionals(tables):
    """p(x_i | x_0 ... x_{i-1}) of all strings in the order of `all_strings`, (K^D, D)."""
    strings = all_strings(len(tables[0]), len(tables))
    columns = [table.softmax(-1)[strings[:, : i + 1].unbind(1)] for i, table in enumerate(tables)]
    return torch.stack(columns, dim=1)


def filled_probabilities(tables, evidence, observed):
    """The distribution of `inpaint` over all strings: missing symbols by their conditionals, the others as given."""
    strings = all_strings(len(tables[0]), len(tables))
    agrees = (strings[:, observed] == evidence[observed]).all(1)
    return conditionals(tables)[:, ~observed].prod(1) * agrees


@pytest.mark.points(2)
def test_samples_follow_the_model(student, rng):
    """40,000 samples of a random table have the frequencies that its probabilities demand"""
    for num_levels, num_dims in ((3, 4), (5, 1)):
        tables = draw_tables(num_levels, num_dims, rng)
        generator = torch.Generator().manual_seed(draw_seed(rng))
        samples = student.ancestral_sample(student.TabularModel(tables), NUM_SAMPLES, num_dims, generator)
        assert_shape(samples, (NUM_SAMPLES, num_dims), what="samples", read=READ)
        assert_samples_follow(
            samples,
            conditionals(tables).prod(1),
            false_alarm=1e-6 / 2,
            cause="symbols are drawn before those they depend on, by argmax, with a temperature, or from the logits "
            "of another dimension",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_generator_alone_decides(student, rng):
    """The same seed gives the same samples and fillings, another seed others"""
    tables = draw_tables(3, 5, rng)
    model = student.TabularModel(tables)
    x, observed = torch.randint(3, (60, 5), generator=rng), torch.tensor([False, False, True, False, False])
    seed = draw_seed(rng)
    first, again, other = (
        (
            student.ancestral_sample(model, 60, 5, torch.Generator().manual_seed(number)),
            student.inpaint(model, x, observed, torch.Generator().manual_seed(number)),
        )
        for number in (seed, seed, seed + 1)
    )
    for what, a, b, c in zip(("samples", "fillings"), first, again, other, strict=True):
        cause = "a draw without generator=generator uses global state, or a seed is set inside the function"
        assert_shape(a, (60, 5), what=what, read=READ)
        assert_close(b, a, what=f"{what} with the same seed again", cause=cause, read=READ)
        assert_close(
            bool((c != a).any()), True, what=f"'some {what} change with the seed'", cause=cause, read=READ
        )
    model, generator = student.TabularModel(draw_tables(3, 5, rng)), torch.Generator().manual_seed(seed)
    assert_close(
        bool((student.ancestral_sample(model, 60, 5, generator) != first[0]).any()),
        True,
        what="'some samples change with the tables'",
        cause="the symbols are drawn without the model's probabilities",
        read=READ,
    )


@pytest.mark.points(1)
def test_evidence_is_untouched(student, rng):
    """Every observed symbol is in the result as it was, for a mask per example, a shared one, all and nothing"""
    model, other = (student.TabularModel(draw_tables(4, 5, rng)) for _ in range(2))
    x = torch.randint(4, (5, 300), generator=rng).T  # (300, 5), not contiguous
    for observed in (
        torch.rand(300, 5, generator=rng) < 0.5,
        torch.tensor([False, True, True, False, True]),
        torch.ones(5, dtype=torch.bool),
        torch.zeros(300, 5, dtype=torch.bool),
    ):
        seed = draw_seed(rng)
        filled = student.inpaint(model, x, observed, torch.Generator().manual_seed(seed))
        filled_by_other = student.inpaint(other, x, observed, torch.Generator().manual_seed(seed))
        filled_again = student.inpaint(model, x, observed, torch.Generator().manual_seed(seed + 1))
        assert_shape(filled, (300, 5), what="the inpainted x", read=READ)
        kept = observed.expand_as(x)
        assert_close(
            bool((filled != filled_by_other).any() and (filled != filled_again).any()),
            not bool(kept.all()),
            what="'some missing symbols change with the tables, and some with the seed'",
            cause="nothing is drawn, or not from the model's probabilities",
            read=READ,
        )
        assert_close(
            filled[kept],
            x[kept],
            what="the evidence",
            cause="observed symbols are drawn again, or one example's mask is used for all",
            read=READ,
        )


@pytest.mark.points(1)
def test_missing_symbols_follow_their_conditionals(student, rng):
    """Inpainting draws each missing symbol from its conditional given everything before it, kept or drawn"""
    tables = draw_tables(3, 4, rng)
    evidence = torch.randint(3, (4,), generator=rng)
    observed = torch.tensor([False, True, False, False])
    x = evidence.where(observed, torch.randint(3, (NUM_SAMPLES, 4), generator=rng))
    filled = student.inpaint(
        student.TabularModel(tables), x, observed, torch.Generator().manual_seed(draw_seed(rng))
    )
    assert_shape(filled, (NUM_SAMPLES, 4), what="the inpainted x", read=READ)
    assert_samples_follow(
        filled,
        filled_probabilities(tables, evidence, observed),
        what="inpainted strings",
        cause="the evidence is put in after sampling, or the symbols that x had at missing places are read",
        read=READ,
    )


@pytest.mark.points(1)
def test_each_example_has_its_own_mask(student, rng):
    """Inpainting with a mask per example: each example is filled by its own evidence"""
    tables = draw_tables(3, 3, rng)
    masks = torch.tensor([[True, False, False], [False, True, False]])
    evidence = torch.randint(3, (2, 3), generator=rng)
    group = torch.arange(NUM_SAMPLES) % 2
    filled = student.inpaint(
        student.TabularModel(tables),
        evidence[group],
        masks[group],
        torch.Generator().manual_seed(draw_seed(rng)),
    )
    assert_shape(filled, (NUM_SAMPLES, 3), what="the inpainted x", read=READ)
    for number in range(2):
        assert_samples_follow(
            filled[group == number],
            filled_probabilities(tables, evidence[number], masks[number]),
            false_alarm=1e-6 / 2,
            what="inpainted strings",
            cause="the mask, or the conditional, of one example is used for all",
            read=READ,
        )
