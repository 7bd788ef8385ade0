"""Notes sound at their pitch, whoever makes them, and μ-law loses little where it is quiet."""

import torch

from dgm_course import data


def test_the_loudest_frequency_of_a_note_is_that_of_its_label():
    notes = data.notes(length=2000)
    spectrum = torch.fft.rfft(data.mu_law_expand(notes.train)).abs()
    heard = spectrum.argmax(dim=1) * notes.rate / 2000
    written = torch.tensor(notes.frequencies)[notes.labels.train]
    assert (heard - written).abs().max() <= notes.rate / 2000


def test_nothing_is_folded_back_from_above_half_the_rate():
    notes = data.notes()
    assert 3 * max(notes.frequencies) < notes.rate / 2


def test_the_notes_are_the_same_at_every_call_and_leave_the_global_state_alone():
    state = torch.get_rng_state()
    first, again = data.notes(length=64), data.notes(length=64)
    assert torch.equal(first.train, again.train)
    assert torch.equal(torch.get_rng_state(), state)
    assert first.train.unique(dim=0).shape == first.train.shape


def test_mu_law_rounds_finely_near_silence_and_coarsely_at_full_level():
    samples = torch.linspace(-1, 1, 10_001, dtype=torch.float64)
    error = (data.mu_law_expand(data.mu_law(samples)).double() - samples).abs()
    assert error[samples.abs() < 0.01].max() < 4e-4  # 256 equal steps would be off by 4e-3
    assert error.max() < 0.03
