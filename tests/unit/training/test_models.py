import torch

from training.config import ModelConfig
from training.models import build_model
from training.fit.muon import orthogonalize

PICTURES = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8)


def test_outputs_have_the_shapes_of_the_contract() -> None:
    model = build_model(ModelConfig("residual_cnn", (8, 16, 16, 24)), classes=5).eval()
    logits, embedding, cam = model(PICTURES)
    assert logits.shape == (3, 5)
    assert embedding.shape == (3, 24)
    assert cam.shape == (3, 5, 8, 8)


def test_logits_are_the_mean_of_the_activation_map() -> None:
    model = build_model(ModelConfig("residual_cnn", (8, 16, 16, 24)), classes=5).eval()
    logits, _, cam = model(PICTURES)
    torch.testing.assert_close(cam.mean(dim=(2, 3)), logits, rtol=1e-4, atol=1e-5)


def test_orthogonalize_evens_out_the_singular_values() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((16, 40), (40, 16)):
        matrix = torch.randn(shape, generator=generator)
        before = torch.linalg.svdvals(matrix)
        after = torch.linalg.svdvals(orthogonalize(matrix, iterations=5))
        assert before.max() / before.min() > 3
        assert after.min() > 0.6 and after.max() < 1.3
