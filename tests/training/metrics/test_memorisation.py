import pytest
import torch

from ecomgen.training.metrics.memorisation import nearest, share_nearer


def test_nearest_is_that_of_a_plain_loop() -> None:
    torch.manual_seed(0)
    pictures, training = torch.randn(300, 5, dtype=torch.float64), torch.randn(40, 5, dtype=torch.float64)
    found = nearest(pictures, training)
    for i in range(300):
        distances = (training - pictures[i]).norm(dim=1)
        assert int(found.rows[i]) == int(distances.argmin())
        assert float(found.distances[i]) == pytest.approx(float(distances.min()))


def test_new_pictures_are_as_near_as_new_photos_and_copies_are_told() -> None:
    torch.manual_seed(0)
    training, held_out, new = torch.randn(900, 4), torch.randn(2000, 4), torch.randn(2000, 4)
    known = nearest(held_out, training).distances
    for percent in (1, 5):
        share = share_nearer(nearest(new, training).distances, known, percent)
        assert 0.4 * percent / 100 < share < 1.8 * percent / 100
    copies = torch.cat([new[:1500], training[:500] + 1e-3 * torch.randn(500, 4)])
    assert share_nearer(nearest(copies, training).distances, known, 1) > 0.25
