import torch

from training.fit.optim.muon import orthogonalize


def test_orthogonalize_evens_out_the_singular_values() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((16, 40), (40, 16)):
        matrix = torch.randn(shape, generator=generator)
        before = torch.linalg.svdvals(matrix)
        after = torch.linalg.svdvals(orthogonalize(matrix, iterations=5))
        assert before.max() / before.min() > 3
        assert after.min() > 0.6 and after.max() < 1.3
