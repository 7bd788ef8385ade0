"""The one training loop: Adam on `model.loss`, deterministic by seed, interruptible, resumable.

Every draw of step t (the order of the data, dropout, noise inside the loss) comes from a generator seeded by
hash of (seed, t), so that where a run was cut leaves no trace in its weights.
"""

import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from dgm_course import checkpoint as checkpoints

Parts: TypeAlias = tuple[Tensor, ...]
Examples: TypeAlias = Tensor | Parts


@dataclass
class History:
    """What `fit` saw, one entry a row; a row is one pass over the data unless `every` says otherwise.

    Losses are means per example; `validation_loss` is empty without validation; `seconds` count from the
    first step, over all resumptions.

    Example:
        >>> history = History([10, 20, 30], [1.0, 0.5, 0.4], [0.9, 0.6, 0.7], [0.1, 0.2, 0.3])
        >>> history.best, history.step[history.best]
        (1, 20)
    """

    step: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The row with the least validation loss; without validation the last one."""
        if not self.validation_loss:
            return len(self.step) - 1
        return min(range(len(self.validation_loss)), key=self.validation_loss.__getitem__)


class Descent:
    """How weights move: a call is one Adam step down `model.loss(*batch)` and gives the loss back."""

    def __init__(self, model: nn.Module, lr: float) -> None:
        self.loss = cast(Callable[..., Tensor], model.loss)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.state_dict = self.optimizer.state_dict
        self.load_state_dict = self.optimizer.load_state_dict

    def __call__(self, *batch: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = self.loss(*batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def fit(
    model: nn.Module,
    data: Examples,
    *,
    steps: int | None = None,
    epochs: int | None = None,
    batch_size: int = 128,
    lr: float = 1e-3,
    validation: Examples | None = None,
    patience: int = 10,
    every: int | None = None,
    callbacks: Iterable[Callable[[nn.Module, History], object]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
    seed: int = 0,
) -> History:
    """Minimise `model.loss(batch)` over `data`: a tensor `(examples, *event)`, or a tuple of them.

    Say either `steps` or `epochs`. A tuple `(x, y)` calls `model.loss(x, y)`. After every row of the history
    come the checkpoint, if `checkpoint` names a file, and each `callback(model, history)`; a later call with
    the same arguments goes on from the checkpoint. With `validation`, training ends after `patience` rows
    without a new best, and the model keeps its best weights, also after Ctrl-C. The model stays on the device
    it came on and is left in eval mode; torch's global random state is left as it was.

    Example:
        >>> class Mean(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.mean = nn.Parameter(torch.zeros(2))
        ...     def loss(self, x):
        ...         return (x - self.mean).square().sum(dim=1).mean()
        >>> model = Mean()
        >>> history = fit(model, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), epochs=500, lr=0.05, progress=False)
        >>> model.mean.data.round(decimals=2)
        tensor([2., 3.])
    """
    if (steps is None) == (epochs is None):
        raise ValueError("say either steps or epochs")
    parts = _parts(data)
    held_out = None if validation is None else _parts(validation)
    per_epoch = math.ceil(len(parts[0]) / batch_size)
    total = steps if steps is not None else cast(int, epochs) * per_epoch
    every = every or per_epoch
    device = next(model.parameters()).device
    settings = {"seed": seed, "batch_size": batch_size, "lr": lr, "examples": len(parts[0])}

    rule, history, best = Descent(model, lr), History(), None
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        state = checkpoints.load(path, settings=settings)
        model.load_state_dict(state["model"])
        rule.load_state_dict(state["rule"])
        history, best = History(**state["history"]), state["best"]
    done = history.step[-1] if history.step else 0
    started = time.perf_counter() - (history.seconds[-1] if history.step else 0.0)
    bar = tqdm(total=total, initial=done, unit="step", disable=not progress)
    with bar, torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            while done < total and len(history.step) - 1 - history.best < patience:
                chunk = range(done, min(total, (done // every + 1) * every))
                done = chunk.stop
                model.train()
                losses = [_descend(rule, parts, chunk, batch_size, seed, device, bar)]
                model.eval()
                if held_out is not None:
                    losses.append(_evaluate(rule, held_out, batch_size, seed, device))
                if not all(map(math.isfinite, losses)):
                    raise FloatingPointError(f"the loss is {losses} at step {done}; a smaller lr may help")
                history.step.append(done)
                history.train_loss.append(losses[0])
                history.validation_loss += losses[1:]
                history.seconds.append(time.perf_counter() - started)
                if held_out is not None and history.best == len(history.step) - 1:
                    best = {name: value.clone() for name, value in model.state_dict().items()}
                if path is not None:
                    state = {"settings": settings, "history": asdict(history), "best": best}
                    state |= {"model": model.state_dict(), "rule": rule.state_dict()}
                    checkpoints.save(path, state)
                bar.set_postfix_str(" ".join(f"{loss:.4f}" for loss in losses))
                for callback in callbacks:
                    callback(model, history)
        except KeyboardInterrupt:
            bar.write("interrupted: the model keeps the best so far")
    if best is not None:
        model.load_state_dict(best)
    model.eval()
    return history


def _parts(data: Examples) -> Parts:
    parts = (data,) if isinstance(data, Tensor) else tuple(data)
    sizes = {len(part) for part in parts}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"data are tensors of one length, at least 1; got {[tuple(p.shape) for p in parts]}")
    return parts


def _descend(
    rule: Descent,
    parts: Parts,
    chunk: range,
    batch_size: int,
    seed: int,
    device: torch.device,
    bar: "tqdm[Any]",
) -> float:
    """Take the steps of `chunk`; their mean loss per example."""
    per_epoch = math.ceil(len(parts[0]) / batch_size)
    total: Tensor | float = 0.0
    seen = 0
    for step in chunk:
        epoch, place = divmod(step, per_epoch)
        if step == chunk.start or place == 0:
            generator = torch.Generator().manual_seed(hash((seed, 0, epoch)))
            order = torch.randperm(len(parts[0]), generator=generator)
        batch = order[place * batch_size : (place + 1) * batch_size]
        torch.manual_seed(hash((seed, 1, step)))
        total = total + rule(*(part[batch].to(device) for part in parts)) * len(batch)
        seen += len(batch)
        bar.update()
    return float(total) / seen


@torch.no_grad()
def _evaluate(rule: Descent, parts: Parts, batch_size: int, seed: int, device: torch.device) -> float:
    """The mean loss per example, under the same noise every time so that rows compare."""
    torch.manual_seed(hash((seed, 2)))
    total: Tensor | float = 0.0
    for batch in zip(*(part.split(batch_size) for part in parts), strict=True):
        total = total + rule.loss(*(part.to(device) for part in batch)) * len(batch[0])
    return float(total) / len(parts[0])
