"""What the demos count is what torch's own counter counts."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dgm_course.demos.autoregressive.multiply_adds import MultiplyAdds
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.transformer import Transformer

MODELS = [
    GatedPixelCNN((1, 3, 4), channels=4, num_layers=2),
    Transformer(5, 3, width=8, num_heads=2),
    MADE(6, hidden=(8, 8)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_products_are_counted_as_torch_counts_them(model):
    with FlopCounterMode(display=False) as flops:
        x = model.sample(2)
        model.log_prob(x)
    with MultiplyAdds() as counted:
        x = model.sample(2)
        model.log_prob(x)
    assert counted.total == flops.get_total_flops() / 2 > 0


def test_entered_again_it_goes_on_and_outside_it_rests():
    layer, x = torch.nn.Linear(3, 5), torch.zeros(7, 3)
    counted = MultiplyAdds()
    with counted:
        layer(x)
    layer(x)
    with counted:
        layer(x)
    assert counted.total == 2 * 7 * 3 * 5
