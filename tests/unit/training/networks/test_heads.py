import pytest
import torch
from torch import Tensor, nn

from training.networks.heads import Head, folded, linear_head, mlp_head


def seen(head: Head) -> Head:
    """In evaluation mode, a batch norm far from the identity."""
    for layer in head:
        if isinstance(layer, nn.BatchNorm1d):
            for value in (layer.weight.data, layer.bias.data, layer.running_mean):
                assert isinstance(value, Tensor)
                value.normal_()
            assert isinstance(layer.running_var, Tensor)
            layer.running_var.uniform_(0.1, 4)
    return head.eval()


HEADS = pytest.mark.parametrize(
    "head",
    [
        pytest.param(linear_head(6, 3), id="linear"),
        pytest.param(linear_head(6, 3, dropout=0.5), id="linear behind dropout"),
        pytest.param(mlp_head(6, 8, 3, dropout=0.4), id="mlp"),
        pytest.param(Head(nn.LayerNorm(6), nn.Linear(6, 3)), id="layer norm"),
        pytest.param(
            Head(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)),
            id="batch norm behind a linear layer",
        ),
    ],
)


def test_the_layers_are_those_of_the_config() -> None:
    def names(head: Head) -> list[str]:
        return [type(layer).__name__ for layer in head]

    assert names(linear_head(6, 3)) == ["Linear"]
    mlp = mlp_head(6, 8, 3, dropout=0.4)
    assert names(mlp) == ["BatchNorm1d", "Linear", "SiLU", "Dropout", "Linear"]
    assert mlp.eval()(torch.zeros(2, 6)).shape == (2, 3)


@HEADS
def test_the_map_is_the_head_at_each_location(head: Head) -> None:
    features = torch.randn(2, 6, 3, 4)
    cam = seen(head).at_locations(features)
    assert cam.shape == (2, 3, 3, 4)
    torch.testing.assert_close(cam[1, :, 2, 3], head(features[1:, :, 2, 3])[0])


@HEADS
def test_a_folded_head_answers_the_same(head: Head) -> None:
    fused = folded(seen(head))
    assert {type(layer) for layer in fused} <= {nn.Linear, nn.SiLU, nn.LayerNorm, nn.ReLU}
    features = torch.randn(5, 6)
    torch.testing.assert_close(fused(features), head(features))


def test_a_batch_norm_without_a_linear_layer_beside_it_is_kept() -> None:
    neck = seen(Head(nn.Linear(6, 6), nn.ReLU(), nn.BatchNorm1d(6)))
    features = torch.randn(5, 6)
    torch.testing.assert_close(folded(neck)(features), neck(features))


@HEADS
def test_folding_leaves_the_original_alone(head: Head) -> None:
    before = {name: value.clone() for name, value in head.state_dict().items()}
    fused = folded(head.train())
    for parameter in fused.parameters():
        parameter.data.zero_()
    assert head.training
    torch.testing.assert_close(head.state_dict(), before)
