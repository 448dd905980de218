"""The critic: a logit a place for each stage of the backbone, and the condition by projection."""

import torch

from ecomgen.models.backbone import Backbone, BackboneConfig
from ecomgen.models.critic import Critic, CriticConfig


def test_a_logit_for_each_place_of_each_stage() -> None:
    torch.manual_seed(0)
    backbone, critic = (
        Backbone(BackboneConfig(32, (1, 1, 1))).eval(),
        Critic(CriticConfig(width=8, cond_dim=5)),
    )
    pictures = torch.rand(3, 3, 32, 32) * 2 - 1
    stages = backbone.stages(pictures)
    assert [tuple(stage.shape[1:]) for stage in stages] == [(64, 8, 8), (128, 4, 4), (256, 2, 2)]
    torch.testing.assert_close(
        stages[-1].mean((2, 3)), backbone(pictures)
    )  # the same network, looked at on the way
    assert [tuple(logits.shape) for logits in critic(stages, torch.randn(3, 5))] == [(3, 64), (3, 16), (3, 4)]


def test_without_a_condition_only_realism_is_judged() -> None:
    """Projection (Miyato & Koyama 2018): logit = psi(x) + <phi(x), V c>, so with V c = 0 the rest is left, and c counts linearly."""
    torch.manual_seed(0)
    critic = Critic(CriticConfig(width=8, cond_dim=5, stages=(6,)))
    x, c = [torch.randn(2, 6, 3, 3)], torch.randn(2, 5)
    for layer in critic.condition:
        torch.nn.init.zeros_(layer.bias)
    real, once, twice = critic(x, 0 * c)[0], critic(x, c)[0], critic(x, 2 * c)[0]
    torch.testing.assert_close(twice - real, 2 * (once - real), rtol=1e-4, atol=1e-5)
    assert (once - real).abs().max() > 1e-3


def test_features_are_judged_at_the_size_they_have_in_photos() -> None:
    critic, c = Critic(CriticConfig(width=8, cond_dim=5, stages=(6,))), torch.randn(2, 5)
    x = torch.randn(2, 6, 3, 3)
    before = critic([x], c)[0]
    critic.scale.fill_(10.0)
    torch.testing.assert_close(critic([10 * x], c)[0], before)
