"""Our layers leave torch: exported to ONNX, and computed by onnxruntime."""

import io

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from rnncourse import layers

I, H = 3, 5
EXPORT = {
    "dynamo": False,
    "input_names": ["x"],
    "output_names": ["hs"],
    "dynamic_axes": {"x": {0: "T", 1: "B"}, "hs": {0: "T", 1: "B"}},
}


class Tagger(nn.Module):
    """A layer inside another module, as people use it."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(2 * H, 4)

    def forward(self, x):
        return self.head(self.layer(x)[0])


@pytest.fixture(params=["alone", "inside"])
def model(request, name):
    layer = getattr(layers, name)(I, H, 2, bidirectional=True).eval()
    return layer if request.param == "alone" else Tagger(layer).eval()


@pytest.mark.filterwarnings("ignore")  # torch calls this exporter old; the new one needs onnxscript
def test_onnxruntime_computes_what_the_exported_layer_does(model, name):
    file = io.BytesIO()
    torch.onnx.export(model, (torch.randn(4, 6, I),), file, **EXPORT)
    graph = onnx.load_from_string(file.getvalue()).graph
    assert [node.op_type for node in graph.node if node.op_type in ("RNN", "LSTM", "GRU")] == [
        name,
        name,
    ]
    x = torch.randn(9, 2, I)  # another length and another batch than it was exported with
    session = onnxruntime.InferenceSession(file.getvalue())
    found = session.run(["hs"], {"x": x.numpy()})[0]
    expected = model(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=0, atol=2e-6)  # float32
