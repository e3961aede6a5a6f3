"""The average of several networks, as one network."""

import torch

from tests.unit.training.conftest import SIDE
from training.networks.build import exportable
from training.networks.ensemble import Ensemble
from training.networks.heads import linear_head, mlp_head
from training.networks.network import ConvNet
from training.networks.trunks.residual_cnn import ResidualCnn

CLASSES = 3


def member(widths: tuple[int, ...], *, mlp: bool = False, mirror: bool = False) -> ConvNet:
    head = mlp_head(widths[-1], 8, CLASSES, 0.4) if mlp else linear_head(widths[-1], CLASSES, 0.0)
    return ConvNet(ResidualCnn(widths), head, mirror=mirror).eval()


def test_every_output_is_the_average_of_the_members() -> None:
    torch.manual_seed(1)
    members = [member((8, 8, 16)), member((4, 8, 12, 20), mlp=True, mirror=True)]
    images = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        fine, coarse = (network(images) for network in members)
        found = Ensemble(members)(images)
    assert fine.cam.shape[2:] == (SIDE // 2, SIDE // 2)
    assert coarse.cam.shape[2:] == (SIDE // 4, SIDE // 4)
    torch.testing.assert_close(found.logits, (fine.logits + coarse.logits) / 2)
    torch.testing.assert_close(found.embedding, torch.cat([fine.embedding, coarse.embedding], 1))
    assert found.cam.shape == fine.cam.shape
    # Enlarging a map keeps the mean of its inside, so it keeps a constant map as it is.
    flat = coarse.cam.mean(dim=(2, 3), keepdim=True).expand(-1, -1, SIDE // 2, SIDE // 2)
    spread = float(coarse.cam.amax() - coarse.cam.amin())
    assert (2 * found.cam - fine.cam - flat).abs().max() <= spread


def test_the_exportable_copy_has_every_head_folded() -> None:
    torch.manual_seed(1)
    ensemble = Ensemble([member((8, 8, 16), mlp=True), member((8, 8, 16), mlp=True)]).eval()
    images = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)
    copy = exportable(ensemble)
    heads = [part.head for part in copy.modules() if isinstance(part, ConvNet)]
    assert len(heads) == 2
    for head in heads:
        assert not any(isinstance(part, torch.nn.BatchNorm1d) for part in head.modules())
    with torch.inference_mode():
        torch.testing.assert_close(copy(images).logits, ensemble(images).logits)
