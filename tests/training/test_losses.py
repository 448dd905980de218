"""Each loss against a plain reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from ecomgen.training import losses


def test_multiscale_l1_equals_the_sum_over_pooled_pictures() -> None:
    a, b = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    x, y = a.numpy(), b.numpy()
    expected = 0.0
    for k in (1, 2, 4):
        pooled = [p.reshape(2, 3, 8 // k, k, 8 // k, k).mean((3, 5)) for p in (x, y)]
        expected += float(np.abs(pooled[0] - pooled[1]).mean())
    assert math.isclose(float(losses.multiscale_l1(a, b)), expected, rel_tol=1e-5)


def test_gradient_l1_ignores_a_constant_and_sees_an_edge() -> None:
    a = torch.rand(1, 3, 6, 6)
    assert float(losses.gradient_l1(a + 0.3, a)) < 1e-6
    step = torch.zeros(1, 3, 6, 6)
    step[..., 3:] = 1.0
    assert math.isclose(float(losses.gradient_l1(a + step, a)), 1 / 5, rel_tol=1e-4)


def test_kl_equals_torchs() -> None:
    mean, log_variance = torch.randn(5, 7), torch.randn(5, 7)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(losses.kl_to_standard_normal(mean, log_variance), expected)


def test_hinge_losses() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    assert float(losses.hinge_discriminator(real, fake)) == 0.25 + 0.5
    assert float(losses.hinge_generator(fake)) == 1.5


def test_feature_distance_is_zero_for_equals_and_free_of_scale() -> None:
    a = [torch.randn(2, 4, 3, 3), torch.randn(2, 8)]
    b = [torch.randn(2, 4, 3, 3), torch.randn(2, 8)]
    assert float(losses.feature_distance(a, a)) == 0
    scaled = losses.feature_distance([x * 10 for x in a], [x * 10 for x in b])
    torch.testing.assert_close(scaled, losses.feature_distance(a, b), rtol=1e-3, atol=0)


def test_flow_matching_is_the_squared_error_of_the_straight_path() -> None:
    velocity, noise, target = torch.randn(3, 4), torch.randn(3, 4), torch.randn(3, 4)
    expected = F.mse_loss(velocity, target - noise)
    torch.testing.assert_close(losses.flow_matching(velocity, noise, target), expected)


def test_gradient_penalty_is_the_squared_length_of_each_gradient() -> None:
    shown = torch.randn(3, 2, 4, 4, requires_grad=True)
    weight = torch.randn(2, 4, 4)
    logits = (shown.square() * weight)[:, :, :2]  # any shape; the mean is over 16 numbers
    expected = (2 * shown * weight)[:, :, :2].square().sum((1, 2, 3)).mean() / 16**2
    torch.testing.assert_close(losses.gradient_penalty(logits, shown), expected)
    losses.gradient_penalty(logits, shown).backward()  # it can be learnt from
    assert shown.grad is not None
