"""Walking through the conditionals one by one gives the logits of one pass, for every system and every value sent."""

from collections import deque

import pytest
import torch

from dgm_course.models.autoregressive import made
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.causal_conv import CausalConv1d
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN, LayerByPixel
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.models.autoregressive.lstm_sweeps import DiagonalSweep, RowSweep, SweepsByPixel
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.masked_conv import PixelByPixel
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus, SizeByPixel
from dgm_course.models.autoregressive.shifted_conv import PieceByPiece
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.testing import PropertyError, assert_close, randomize
from dgm_course.zoo import SYSTEMS

MODELS = {
    **{system.name: system.tiny for system in SYSTEMS if isinstance(system.tiny(), AutoregressiveModel)},
    "MADE, any order": lambda: MADE(5, hidden=(9, 7), num_levels=3, order=(3, 0, 4, 1, 2)),
    "MADE, one dimension": lambda: MADE(1, hidden=(4,)),
    "MADE, narrow": lambda: MADE(6, hidden=(2, 3)),
    "PixelCNN, colours": lambda: PixelCNN((3, 3, 5), 4, channels=12, num_blocks=2, first_kernel=5),
    "Gated PixelCNN, colours": lambda: GatedPixelCNN((2, 4, 3), 3, channels=8, num_layers=3, kernel_size=5),
    "Row LSTM, colours": lambda: RowLSTM((3, 3, 4), 4, channels=12, num_layers=2, first_kernel=5),
    "Diagonal BiLSTM, colours": lambda: DiagonalBiLSTM(
        (3, 4, 3), 4, channels=12, num_layers=2, first_kernel=5
    ),
    "PixelCNN++, colours": lambda: PixelCNNPlusPlus((3, 2, 3), 4, channels=3, num_blocks=1, num_components=3),
    "PixelCNN++, three sizes": lambda: PixelCNNPlusPlus((1, 5, 6), 3, channels=4, num_blocks=1, num_scales=3),
    "PixelSNAIL, colours": lambda: PixelSNAIL((2, 3, 4), 3, channels=4, num_blocks=2, dims=3),
    "ImageGPT, colours": lambda: ImageGPT((3, 2, 2), 4, width=8, num_heads=2, num_layers=2),
    "WaveNet, wide": lambda: WaveNet(12, 3, channels=5, kernel_size=3, dilations=(1, 3, 2)),
}


READ, QUEUE, INDICATORS = Transformer.read, CausalConv1d.queue, made.indicators
KEEP, PIXEL = PieceByPiece.keep, SizeByPixel.pixel_before


def without_the_row_above(self, x):
    where = KEEP(self, x)
    self.seen[:, :, :-1] = 0
    return where


class Forgetful(deque):
    def append(self, _):
        pass


def assert_walks(model, generator=None, tolerance=1e-10):
    x = torch.randint(model.num_levels, (3, *model.event_shape), generator=generator)
    values = x.flatten(1)
    with torch.no_grad():
        at_once = model.logits(x)
        walk, value, steps = model.walk(3), None, []
        for i in model.order:
            steps.append(walk.send(value))
            value = values[:, i]
    expected = at_once.flatten(1, -2)[:, list(model.order)]
    assert_close(torch.stack(steps, dim=1), expected, tolerance=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_a_walk_gives_the_logits_of_one_pass(name, rng):
    assert_walks(randomize(MODELS[name](), rng, scale=0.5), generator=rng)


@pytest.mark.parametrize(
    ("name", "owner", "method", "wrong"),
    [
        ("Transformer", Transformer, "read", lambda self, symbols, caches=None: READ(self, symbols)),
        ("PixelCNN", PixelByPixel, "keep", lambda *_: None),
        ("Row LSTM", RowSweep, "reads", ((-1, 0), (-1, -1), (-1, 1))),
        ("Diagonal BiLSTM", DiagonalSweep, "keeps", (-1, 0)),
        ("Diagonal BiLSTM", SweepsByPixel, "__call__", lambda self, *at: self.from_left(*at)),
        ("Gated PixelCNN", LayerByPixel, "row", lambda self, v, row: v),
        ("PixelCNN++, colours", PieceByPiece, "keep", without_the_row_above),
        (
            "PixelCNN++, three sizes",
            SizeByPixel,
            "pixel_before",
            lambda self, h, *at: PIXEL(self, h, *at[:2], 0),
        ),
        ("PixelSNAIL, colours", PieceByPiece, "keep", without_the_row_above),
        ("WaveNet", CausalConv1d, "queue", lambda self, batch: Forgetful(QUEUE(self, batch))),
        ("MADE", made, "indicators", lambda x, *sizes: INDICATORS(x, *sizes) * (x.dim() > 1)),
    ],
)
def test_a_walk_that_forgets_is_noticed(name, owner, method, wrong, rng, monkeypatch):
    model = randomize(MODELS[name](), rng, scale=0.5)
    monkeypatch.setattr(owner, method, wrong)
    with pytest.raises(PropertyError):
        assert_walks(model, generator=rng)


def test_the_definition_is_a_walk(rng):
    """The slow walk of the base class is what the fast ones are held to."""
    model = randomize(MADE(4, hidden=(9,), order=(2, 0, 3, 1)), rng)
    walks = model.walk(2), AutoregressiveModel.walk(model, 2)
    value = None
    for _ in range(4):
        fast, slow = (walk.send(value) for walk in walks)
        assert_close(fast.detach(), slow.detach(), tolerance=1e-12)
        value = torch.tensor([1, 0])
