"""Task 12: p(x | y) is a distribution whose every dimension knows y, p(y | x) is Bayes' rule, units are exact."""

import math

import pytest
import torch

from dgm_course.testing import (
    assert_bound,
    assert_causal,
    assert_close,
    assert_each_alone,
    assert_moved,
    assert_normalized,
    assert_not_independent,
    binary_strings,
    draw_dependent,
    outputs_over_weights,
)

READ = "task 12 of the notebook, and lecture 2, section 'Conditional models'"


def random_model(student, rng, num_dims, num_classes, hidden_dims):
    """Random weights under which the first class has dimensions that depend on each other, by way of hidden units."""
    model = student.ConditionalMADE(num_dims, num_classes, hidden_dims)
    return draw_dependent(
        model,
        rng,
        binary_strings(num_dims),
        log_prob=lambda x: model.log_prob(x, x.new_zeros(len(x))),
        scale=0.7,
        deep=True,
        read=READ,
    )


def log_likelihoods(model, x, num_classes):
    """log p(x | y) of every class (C, B); for more than one dimension, classes differ and dimensions are dependent."""
    by_class = torch.stack([model.log_prob(x, torch.full((len(x),), y)) for y in range(num_classes)])
    assert_not_independent(by_class[0], x, read=READ)
    for label in range(1, num_classes if x.shape[1] > 1 else 1):
        assert_moved(
            by_class[label],
            by_class[0],
            f"log p(x | y) when the label changes from 0 to {label}",
            "the label is ignored",
            READ,
        )
    return by_class


def random_prior(num_classes, rng):
    return torch.log_softmax(torch.randn(num_classes, generator=rng, dtype=torch.float64), dim=0)


@pytest.mark.points(1)
def test_bits_per_dimension(student, rng):
    """Nats become bits per dimension exactly, for arrays of any shape and any number of dimensions"""
    for shape in ((), (4,), (1, 3)):
        num_dims = int(torch.randint(2, 3000, (), generator=rng))
        nats = 5000 * torch.rand(shape, generator=rng, dtype=torch.float64)
        assert_close(
            student.nats_to_bits_per_dim(nats, num_dims),
            nats * math.log2(math.e) / num_dims,
            what=f"bits per dimension of {num_dims} dimensions",
            cause="log 2 multiplied instead of divided, a logarithm taken once more, or num_dims forgotten",
            read="task 12 of the notebook, 'units', and lecture 2, section 'Bits per dimension'",
        )


@pytest.mark.points(1)
def test_posterior_in_logarithms(student, rng):
    """The posterior is right for any prior and any number of classes, where likelihoods underflow too"""
    for batch, num_classes, level in ((5, 4, -1.0), (1, 3, -2000.0), (3, 1, -800.0), (4, 6, 1500.0)):
        log_likelihoods = level + 3 * torch.randn(num_classes, batch, generator=rng, dtype=torch.float64).T
        log_prior = random_prior(num_classes, rng)
        joint = log_likelihoods + log_prior
        assert_close(
            student.class_log_posterior(log_likelihoods, log_prior),
            joint - joint.logsumexp(dim=1, keepdim=True),
            what=f"log p(y | x) for log-likelihoods near {level:g}",
            cause="the prior is left out, likelihoods under- or overflow before the division, or the wrong dimension",
            read="task 12 of the notebook, Bayes' rule, and lecture 2, section 'Conditional models'",
        )


@pytest.mark.points(1)
def test_each_class_is_a_distribution(student, rng):
    """For each class, the probabilities of all strings of bits sum to 1"""
    for num_dims, num_classes, hidden_dims in ((6, 3, (9,)), (4, 2, (8, 7)), (1, 2, (3,))):
        model = random_model(student, rng, num_dims, num_classes, hidden_dims)
        for label in range(num_classes):
            assert_normalized(
                lambda x, m=model, y=label: m.log_prob(x, torch.full((len(x),), y)),
                binary_strings(num_dims),
                dependent=label == 0,
                tolerance=1e-7,  # F.softplus is the identity above 20: a legitimate log_prob is off by 1e-9
                cause="a path from x to an output that no mask guards, or a mean over the dimensions",
                read=READ,
            )


@pytest.mark.points(1)
def test_dependencies_are_exact(student, rng):
    """Given the class, each logit depends on all dimensions before it and on nothing else"""
    random_model(student, rng, 5, 2, (8,))
    for num_dims, hidden_dims in ((6, (10,)), (5, (8, 12))):
        model = student.ConditionalMADE(num_dims, 2, hidden_dims)
        label = int(torch.randint(2, (), generator=rng))
        assert_causal(
            lambda x, model=model, label=label: outputs_over_weights(
                model, rng, x, torch.full((len(x),), label), num_draws=12, scale=0.7
            ),
            torch.randint(2, (16, num_dims), generator=rng),
            torch.ones(num_dims, num_dims, dtype=torch.bool).tril(-1),
            alternatives=2,
            cause="a layer without its mask (does the label come in together with x?), or degrees that leave some out",
            read=READ,
        )


@pytest.mark.points(1)
def test_label_reaches_every_dimension(student, rng):
    """Exchanging the label for any other moves the logit of every dimension, of the first one too"""
    num_dims, num_classes = 5, 4
    random_model(student, rng, num_dims, num_classes, (8,))
    x, labels = binary_strings(num_dims), torch.arange(num_classes)
    model = student.ConditionalMADE(num_dims, num_classes, (9,))
    logits = outputs_over_weights(
        model, rng, x.repeat(num_classes, 1), labels.repeat_interleave(len(x)), num_draws=8, scale=0.7
    ).unflatten(0, (num_classes, len(x)))  # (classes, strings, dims, draws)
    assert_moved(logits[:, 1:], logits[:, :1], "the logits when x changes", "x is not read", READ)
    change = (logits[:, None] - logits).abs().amax(dim=(2, 4))  # (classes, classes, dims)
    first, second = torch.combinations(torch.arange(num_classes)).unbind(dim=1)
    assert_bound(
        change[first, second],
        lower=1e-6,
        what="change of a logit (column: dimension) between two classes (row)",
        cause="the label does not reach the output layer, and no hidden unit is connected to the first dimension",
        read="task 12 of the notebook, 'Do not forget the last one', and lecture 2, section 'Conditional models'",
    )


@pytest.mark.points(1)
def test_classifier_is_bayes_rule(student, rng):
    """On the model's own data the classifier is as accurate as any can be, and its probabilities are Bayes' rule"""
    for num_dims, num_classes in ((5, 3), (1, 2)):
        model = random_model(student, rng, num_dims, num_classes, (8,))
        x, log_prior = binary_strings(num_dims), random_prior(num_classes, rng)
        joint = log_likelihoods(model, x, num_classes).T + log_prior
        posterior = assert_each_alone(
            lambda x, m=model, prior=log_prior: m.log_posterior(x, prior),
            x,
            what="log p(y | x)",
            shape=(num_classes,),
            read=READ,
        )
        cause = "the prior is left out, or the joint is not divided by p(x)"
        assert_close(
            posterior,
            joint - joint.logsumexp(dim=1, keepdim=True),
            what="log p(y | x), from log_prob and the prior",
            cause=cause,
            read=READ,
        )
        assert_close(
            joint.gather(1, posterior.argmax(dim=1, keepdim=True)).exp().sum(),
            joint.amax(dim=1).exp().sum(),
            what="the accuracy of the classifier on data from the model itself, the best there is",
            cause=cause,
            read=READ,
        )
