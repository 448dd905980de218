"""The path to the FID of papers, with another network in place of Inception v3: its weights are not ours to ship."""

import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from ecomgen.training.metrics.distances import frechet_distance
from ecomgen.training.metrics.inception import NoInception, inception_distance, load_inception


class Means(torch.nn.Module):
    """uint8 pictures [n, 3, s, s] -> their mean colours [n, 3]."""

    num_features = 3

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        assert pictures.dtype == torch.uint8
        assert pictures.shape[1] == 3
        return pictures.double().mean((2, 3))


def test_each_set_is_compared_with_the_real_one() -> None:
    torch.manual_seed(0)
    real, one, other = (torch.randint(256, (n, 4, 4, 3), dtype=torch.uint8) for n in (70, 40, 90))
    metric = FrechetInceptionDistance(feature=Means(), reset_real_features=False)
    seen: list[int] = []
    found = inception_distance(metric, real, [one, other], seen.append)
    expected = [frechet_distance(real.double().mean((1, 2)), x.double().mean((1, 2))) for x in (one, other)]
    assert found == pytest.approx(expected, rel=1e-4)
    assert sum(seen) == 200


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    with pytest.raises(NoInception, match="pip install torch-fidelity"):
        load_inception()


def test_without_the_weights_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: object, **more: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", True)
    monkeypatch.setattr("torchmetrics.image.fid.NoTrainInceptionV3", offline)
    with pytest.raises(NoInception, match="could not be downloaded"):
        load_inception()
