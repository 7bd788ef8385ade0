"""The one training loop: it converges, repeats itself, resumes without a trace, and keeps the best."""

import math

import pytest
import torch
from torch import nn

from dgm_course.training import History, fit


class Gaussian(nn.Module):
    """−log N(x; mean, 1) up to a constant: the minimum is the mean of the data."""

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(3))
        self.noise = noise
        self.seen: list[torch.Tensor] = []

    def loss(self, x):
        if self.training:
            self.seen.append(x)
        x = x + self.noise * torch.randn_like(x)
        return (x - self.mean).square().sum(dim=1).mean() / 2


class Regression(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def loss(self, x, y):
        return (self.linear(x).squeeze(1) - y).square().mean()


@pytest.fixture
def x():
    return torch.randn(50, 3, generator=torch.Generator().manual_seed(1)) + torch.tensor([1.0, -2.0, 0.5])


def trained(x, **settings):
    model = Gaussian(noise=settings.pop("noise", 0.5))
    history = fit(model, x, batch_size=16, lr=0.02, progress=False, **settings)
    return model.mean.detach(), history


def test_converges_to_the_closed_form_minimum(x):
    model = Gaussian()
    history = fit(model, x, steps=600, batch_size=50, lr=0.05, every=50, progress=False)
    torch.testing.assert_close(model.mean.data, x.mean(0), atol=1e-4, rtol=0)
    minimum = (x - x.mean(0)).square().sum(1).mean().item() / 2
    assert history.train_loss[-1] == pytest.approx(minimum, abs=1e-5)
    assert history.step == list(range(50, 601, 50))


def test_a_tuple_of_tensors_reaches_the_loss_as_arguments():
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(64, 2, generator=generator)
    targets = inputs @ torch.tensor([3.0, -1.0]) + 0.5
    model = Regression()
    fit(model, (inputs, targets), epochs=800, batch_size=64, lr=0.05, progress=False)
    torch.testing.assert_close(model.linear.weight.data, torch.tensor([[3.0, -1.0]]), atol=1e-3, rtol=0)
    torch.testing.assert_close(model.linear.bias.data, torch.tensor([0.5]), atol=1e-3, rtol=0)


def test_an_epoch_sees_every_example_once(x):
    model = Gaussian()
    history = fit(model, x, epochs=2, batch_size=16, progress=False)
    first, second = torch.cat(model.seen[:4]), torch.cat(model.seen[4:])
    assert history.step == [4, 8]
    for epoch in (first, second):
        torch.testing.assert_close(epoch.sort(dim=0).values, x.sort(dim=0).values)
    assert not torch.equal(first, second)


def test_losses_are_means_per_example_also_when_the_last_batch_is_short(x):
    model = Gaussian()
    expected = x.square().sum(1).mean().item() / 2
    history = fit(model, x, epochs=1, batch_size=16, lr=0.0, validation=x[:33], progress=False)
    assert history.train_loss == pytest.approx([expected], rel=1e-6)
    assert history.validation_loss == pytest.approx([x[:33].square().sum(1).mean().item() / 2], rel=1e-6)


def test_the_seed_decides_everything(x):
    torch.manual_seed(11)
    first, history = trained(x, epochs=3, seed=4)
    torch.manual_seed(12)
    again, same_history = trained(x, epochs=3, seed=4)
    other, _ = trained(x, epochs=3, seed=5)
    assert torch.equal(first, again)
    assert history.train_loss == same_history.train_loss
    assert not torch.equal(first, other)


def test_the_global_random_state_is_left_alone(x):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    trained(x, epochs=2, validation=x)
    assert torch.equal(torch.get_rng_state(), before)


def test_looking_at_validation_changes_no_weight(x):
    without, _ = trained(x, steps=10)
    held_out, history = trained(x, steps=10, validation=x, every=10)
    assert history.best == 0
    assert torch.equal(without, held_out)


def test_a_resumed_run_equals_an_uninterrupted_one(x, tmp_path):
    whole, history = trained(x, epochs=6, validation=x[:9])

    def cut(model, history):
        if history.step[-1] == 8:
            raise KeyboardInterrupt

    trained(x, epochs=6, validation=x[:9], checkpoint=tmp_path / "run.pt", callbacks=[cut])
    resumed, rest = trained(x, epochs=6, validation=x[:9], checkpoint=tmp_path / "run.pt")
    assert torch.equal(whole, resumed)
    assert (history.step, history.train_loss) == (rest.step, rest.train_loss)
    assert history.validation_loss == rest.validation_loss
    assert rest.seconds == sorted(rest.seconds)


def test_a_longer_run_goes_on_from_a_shorter_one_in_the_middle_of_an_epoch(x, tmp_path):
    whole, _ = trained(x, steps=21)
    trained(x, steps=10, checkpoint=tmp_path / "run.pt")
    resumed, history = trained(x, steps=21, checkpoint=tmp_path / "run.pt")
    assert torch.equal(whole, resumed)
    assert history.step == [4, 8, 10, 12, 16, 20, 21]


def test_a_finished_checkpoint_is_loaded_without_a_step(x, tmp_path):
    weights, _ = trained(x, epochs=3, checkpoint=tmp_path / "run.pt")
    model = Gaussian(noise=0.5)
    fit(model, x, epochs=3, batch_size=16, lr=0.02, checkpoint=tmp_path / "run.pt", progress=False)
    assert model.seen == []
    assert torch.equal(model.mean.detach(), weights)


def test_a_checkpoint_of_other_settings_is_refused(x, tmp_path):
    trained(x, epochs=1, checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"'seed': 0.*'seed': 1"):
        trained(x, epochs=1, seed=1, checkpoint=tmp_path / "run.pt")


def test_a_cut_while_writing_leaves_the_old_checkpoint_whole(x, tmp_path, monkeypatch):
    trained(x, epochs=1, checkpoint=tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()

    def half(state, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    trained(x, epochs=2, checkpoint=tmp_path / "run.pt")
    assert (tmp_path / "run.pt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


def test_the_best_weights_on_validation_are_kept_and_training_ends_early(x):
    """Validation pulls towards 0 and training away from it: the first row is the best."""
    model, rows = Gaussian(), []
    history = fit(
        model,
        x,
        epochs=100,
        batch_size=50,
        lr=0.1,
        validation=torch.zeros(5, 3),
        patience=7,
        callbacks=[lambda model, history: rows.append(model.mean.detach().clone())],
        progress=False,
    )
    assert history.best == 0
    assert history.step == list(range(1, 9))
    assert torch.equal(model.mean.data, rows[0])


def test_an_interrupt_returns_the_best_so_far(x):
    class Nervous(Gaussian):
        def loss(self, x):
            if len(self.seen) == 5:
                raise KeyboardInterrupt
            return super().loss(x)

    model, rows = Nervous(), []
    history = fit(
        model,
        x,
        epochs=100,
        batch_size=50,
        lr=0.1,
        validation=torch.zeros(5, 3),
        callbacks=[lambda model, history: rows.append(model.mean.detach().clone())],
        progress=False,
    )
    assert history.step == [1, 2, 3, 4]
    assert torch.equal(model.mean.data, rows[0])
    assert not model.training


def test_an_interrupt_without_validation_keeps_the_latest_weights(x):
    class Nervous(Gaussian):
        def loss(self, x):
            if len(self.seen) == 3:
                raise KeyboardInterrupt
            return super().loss(x)

    model = Nervous()
    history = fit(model, x, epochs=1, batch_size=10, lr=0.1, progress=False)
    assert history.step == []
    assert model.mean.abs().min() > 0.1


def test_a_loss_that_is_not_finite_stops_the_run(x):
    with pytest.raises(FloatingPointError, match=r"nan.*step 4"):
        trained(torch.full_like(x, math.nan), epochs=3)


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        (torch.zeros(4, 3), {}, "either steps or epochs"),
        (torch.zeros(4, 3), {"steps": 1, "epochs": 1}, "either steps or epochs"),
        (torch.zeros(0, 3), {"steps": 1}, "at least 1"),
        ((torch.zeros(4, 3), torch.zeros(3)), {"steps": 1}, "one length"),
        (torch.zeros(4, 3), {"steps": 1, "validation": torch.zeros(0, 3)}, "at least 1"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(data, settings, message):
    with pytest.raises(ValueError, match=message):
        fit(Gaussian(), data, progress=False, **settings)


def test_progress_is_shown_only_when_asked_for(x, capsys):
    trained(x, epochs=1)
    assert capsys.readouterr().err == ""
    fit(Gaussian(), x, epochs=1, batch_size=16)
    assert "4/4" in capsys.readouterr().err


def test_best_is_the_last_row_without_validation():
    assert History([4, 8], [1.0, 2.0]).best == 1
    assert History().best == -1
