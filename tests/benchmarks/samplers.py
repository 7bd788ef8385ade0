"""What one step of a draw costs: each model's own walk against the definition, a pass of the network for every step.

Both walk the same model on one thread. Of the definition a few steps are timed, for each of them costs the same.
Medians of the CPU time of single steps.
"""

import statistics
import time

import torch

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet

CASES = (
    ("PixelCNN, 32 channels, 28×28", lambda: PixelCNN((1, 28, 28)), (16, 64)),
    ("Gated PixelCNN, 32 channels, 28×28", lambda: GatedPixelCNN((1, 28, 28)), (16, 64)),
    ("MADE, 784 dimensions, 500 hidden", lambda: MADE(784, (500,)), (16, 64)),
    ("MADE, 64 dimensions, 500 hidden", lambda: MADE(64, (500,)), (16, 64)),
    ("WaveNet, 1,000 samples of 256 levels", lambda: WaveNet(1000), (16, 64)),
    ("Transformer, 256 symbols", lambda: Transformer(256, 64), (16, 64)),
)
SLOW_STEPS = 7


def main() -> None:
    torch.set_num_threads(1)
    for name, build, batches in CASES:
        model = build()
        for batch in batches:
            fast = seconds(model.walk(batch), model, batch, len(model.order))
            slow = seconds(AutoregressiveModel.walk(model, batch), model, batch, SLOW_STEPS)
            print(
                f"{name}, batch {batch}: {1e3 * fast:.3f} ms a step, by the definition {1e3 * slow:.2f} ms, "
                f"ratio {slow / fast:.0f}",
                flush=True,
            )


@torch.no_grad()
def seconds(walk: Walk, model: AutoregressiveModel, batch: int, steps: int) -> float:
    """The median of the first `steps` steps."""
    value, each = None, []
    for _ in range(steps):
        start = time.process_time()
        walk.send(value)
        each.append(time.process_time() - start)
        value = torch.randint(model.num_levels, (batch,))
    return statistics.median(each)


if __name__ == "__main__":
    main()
