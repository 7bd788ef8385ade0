"""The offline data sets: shapes, levels, splits that are the same for everyone, no global randomness."""

import hashlib

import pytest
import torch
from sklearn.datasets import load_digits

from dgm_course import data
from dgm_course.data.split import shuffled


def fingerprint(*tensors):
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]


@pytest.fixture(params=["digits", "binary digits", "mnist", "text"])
def split(request):
    return {
        "digits": data.digits,
        "binary digits": lambda: data.digits(binarize="threshold"),
        "mnist": data.mnist,
        "text": data.text,
    }[request.param]()


def test_every_entry_is_an_integer_below_the_number_of_levels(split):
    for part in (split.train, split.validation, split.test):
        assert part.dtype == torch.int64
        assert part.shape[1:] == split.event_shape
    assert split.train.min() >= 0
    assert split.train.max() < split.num_levels


def test_loading_leaves_the_global_random_state_alone(split):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    data.digits(), data.text(), data.bars_and_stripes()
    assert torch.equal(torch.get_rng_state(), before)


def test_digits_are_split_in_the_stated_sizes():
    grey, binary = data.digits(), data.digits(binarize="threshold")
    assert [len(part) for part in (grey.train, grey.validation, grey.test)] == [1000, 350, 447]
    assert [len(part) for part in (binary.train, binary.validation, binary.test)] == [1500, 0, 297]
    assert (grey.num_levels, binary.num_levels, grey.labels.num_levels) == (17, 2, 10)


def test_digits_are_the_same_for_everyone():
    grey = data.digits()
    assert fingerprint(grey.train, grey.labels.train) == "3a37dd44ccfa1ed6"
    assert fingerprint(grey.test, grey.labels.test) == "de70ae1e61e574c1"


def test_binary_digits_are_the_grey_ones_with_ink_at_8():
    grey, binary = data.digits(), data.digits(binarize="threshold")
    everything = torch.cat([grey.train, grey.validation, grey.test])
    assert torch.equal(torch.cat([binary.train, binary.test]), (everything >= 8).long())


def test_independent_pixels_cost_what_was_measured_on_binary_digits():
    """0.3954 nats a dimension: this split is the one that the course's figures were measured on."""
    binary = data.digits(binarize="threshold")
    p = (binary.train.double().sum(0) + 1) / (len(binary.train) + 2)
    nll = -torch.where(binary.test == 1, p.log(), (1 - p).log()).mean()
    assert nll.item() == pytest.approx(0.3954, abs=5e-5)


def test_mnist_has_500_of_each_digit_in_the_stated_parts():
    grey = data.mnist()
    assert [len(part) for part in (grey.train, grey.validation, grey.test)] == [4000, 500, 500]
    labels = torch.cat([grey.labels.train, grey.labels.validation, grey.labels.test])
    assert labels.bincount().tolist() == [500] * 10
    assert (grey.num_levels, grey.train.max().item()) == (256, 255)
    assert fingerprint(grey.test, grey.labels.test) == "38e273c507672b57"


def test_binary_mnist_is_the_grey_one_with_ink_above_127():
    grey, binary = data.mnist(), data.mnist(binarize="threshold")
    assert torch.equal(binary.train, (grey.train > 127).long())
    assert torch.equal(binary.labels.test, grey.labels.test)
    assert binary.num_levels == 2


def test_independent_pixels_cost_about_205_nats_on_binary_mnist():
    binary = data.mnist(binarize="threshold")
    p = (binary.train.double().sum(0) + 1) / (len(binary.train) + 2)
    nll = -torch.where(binary.test == 1, p.log(), (1 - p).log()).sum((1, 2, 3)).mean()
    assert nll.item() == pytest.approx(205.2, abs=0.1)


@pytest.mark.parametrize("load", [data.digits, data.mnist])
def test_an_unknown_binarisation_is_refused_by_name(load):
    with pytest.raises(ValueError, match="dynamic"):
        load(binarize="dynamic")


def test_text_decodes_to_what_was_encoded():
    corpus = data.text(length=50)
    line = corpus.decode(corpus.train[3])
    assert len(line) == 50
    assert torch.equal(corpus.encode(line), corpus.train[3])
    assert corpus.decode(corpus.encode(corpus.alphabet)) == corpus.alphabet


def test_text_has_one_alphabet_whatever_the_python_version():
    assert len(data.Text.alphabet) == 96
    assert data.Text.decode(data.Text.encode("“é” – …ß→")) == '"e" - ...ss?'


def test_text_parts_follow_each_other_without_overlap():
    wide, narrow = data.text(length=100), data.text(length=50)
    assert torch.equal(wide.train[:100].flatten(), narrow.train[:200].flatten())
    total = sum(len(part) for part in (wide.train, wide.validation, wide.test))
    assert total > 4000
    assert len(wide.validation) == len(wide.test) == total // 10


def test_the_digits_are_those_of_scikit_learn():
    pixels, labels = load_digits(return_X_y=True)
    order = shuffled(len(labels))
    ours = data.digits()
    assert torch.equal(ours.train.flatten(1), torch.as_tensor(pixels).long()[order][:1000])
    assert torch.equal(ours.labels.test, torch.as_tensor(labels).long()[order][-447:])
