"""What a draw costs: each model's own walk against two ways that run the whole network in every step.

    naive     the definition, `AutoregressiveModel.walk`
    canvas    pytorch-generative's way: a tensor of −1 is allocated, every step passes all of it through the network,
              and what comes out is written wherever it is negative

All three walk the same network on one thread, in rounds: one step of each slow way, for all their steps cost the same,
and the next part of the model's own walk, whose steps need not. Ratios are medians over rounds of CPU time a step, so
that they leave out what the own walk sets up before its first; its whole time, with that, stands beside them. The
logits of the own walk may differ from those of one pass by 1e-5.
"""

import statistics
import time
from math import ceil

import torch

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.models.autoregressive.char_rnn import CharRNN
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet

CASES = (  # with the bar for each batch size, where there is one
    ("PixelCNN, 32 channels, 28×28", lambda: PixelCNN((1, 28, 28)), {16: 25, 64: 100}),
    ("Gated PixelCNN, 32 channels, 28×28", lambda: GatedPixelCNN((1, 28, 28)), {16: None, 64: None}),
    ("PixelCNN++, 32 channels, 28×28", lambda: PixelCNNPlusPlus((1, 28, 28), 2), {16: None}),
    ("PixelSNAIL, 32 channels, 28×28", lambda: PixelSNAIL((1, 28, 28), 2), {16: None}),
    ("Row LSTM, 32 channels, 28×28", lambda: RowLSTM((1, 28, 28)), {16: None}),
    ("Diagonal BiLSTM, 32 channels, 28×28", lambda: DiagonalBiLSTM((1, 28, 28)), {16: None}),
    ("ImageGPT, 28×28", lambda: ImageGPT((1, 28, 28)), {16: None}),
    ("NADE, 784 dimensions, 500 hidden", lambda: NADE(784, 500), {16: None}),
    ("MADE, 784 dimensions, 500 hidden", lambda: MADE(784, (500,)), {16: 15}),
    ("MADE, 64 dimensions, 500 hidden", lambda: MADE(64, (500,)), {16: None}),
    ("WaveNet, 1,000 samples of 256 levels", lambda: WaveNet(1000), {16: 50}),
    ("char-RNN, 256 symbols", lambda: CharRNN(256, 64), {16: None}),
    ("Transformer, 256 symbols", lambda: Transformer(256, 64), {16: None}),
)
ROUNDS = 7
TOLERANCE = 1e-5


def main() -> None:
    torch.set_num_threads(1)
    for name, build, bars in CASES:
        torch.manual_seed(0)
        model = build().eval()
        for batch, bar in bars.items():
            print(f"{name}, batch {batch}: {compare(model, batch, bar)}", flush=True)


@torch.no_grad()
def compare(model: AutoregressiveModel, batch: int, bar: int | None) -> str:
    x = torch.randint(model.num_levels, (batch, *model.event_shape))
    own, naive, canvas = (Follow(walk, model, x) for walk in walks(model, batch))
    part = ceil(len(model.order) / ROUNDS)
    naive.steps(1), canvas.steps(1)  # the first warms up
    rounds = [(own.steps(part), naive.steps(1), canvas.steps(1)) for _ in range(ROUNDS)]
    over_naive = statistics.median(slow / fast for fast, slow, _ in rounds)
    over_canvas = statistics.median(slow / fast for fast, _, slow in rounds)
    at_once = model.logits(x).flatten(1, -2)[:, list(model.order)]
    error = (torch.stack(own.logits, dim=1) - at_once).abs().max().item()
    met = f", bar {bar}: {'met' if over_naive >= bar else 'NOT met'}" if bar else ""
    return (
        f"{1e3 * statistics.median(fast for fast, *_ in rounds):.3f} ms a step, {over_naive:.0f} × naive{met}, "
        f"{over_canvas:.0f} × canvas; whole walk {1e3 * own.seconds:.0f} ms; "
        f"logits differ by {error:.0e}{'' if error <= TOLERANCE else ', TOO MUCH'}"
    )


def walks(model: AutoregressiveModel, batch: int) -> tuple[Walk, Walk, Walk]:
    return model.walk(batch), AutoregressiveModel.walk(model, batch), canvas_walk(model, batch)


def canvas_walk(model: AutoregressiveModel, batch: int) -> Walk:
    canvas = torch.full((batch, len(model.order)), -1)
    for i in model.order:
        out = model.logits(canvas.clamp(min=0).view(batch, *model.event_shape)).flatten(1, -2)[:, i]
        value = yield out
        canvas[:, i] = torch.where(canvas[:, i] < 0, value, canvas[:, i])


class Follow:
    """A walk that is sent the values of x."""

    def __init__(self, walk: Walk, model: AutoregressiveModel, x: torch.Tensor) -> None:
        self.walk, self.values, self.order = walk, x.flatten(1), model.order
        self.logits: list[torch.Tensor] = []
        self.seconds = 0.0

    def steps(self, number: int) -> float:
        """CPU seconds for each of the next steps, as many as there are."""
        before, start = len(self.logits), time.process_time()
        for i in range(before, min(before + number, len(self.order))):
            value = self.values[:, self.order[i - 1]] if i else None
            self.logits.append(self.walk.send(value))
        spent = time.process_time() - start
        self.seconds += spent
        return spent / (len(self.logits) - before)


if __name__ == "__main__":
    main()
