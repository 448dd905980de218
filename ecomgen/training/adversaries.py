"""The adversaries of a checkpoint, kept beside it in fp16, so that training and lighter copies can go on from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ecomgen.errors import CheckpointError
from ecomgen.models.critic import Critic
from ecomgen.models.discriminator import DiscriminatorConfig, PatchDiscriminator

_ADVERSARY, _CRITIC = "adversary.safetensors", "critic.safetensors"


def load_adversaries(folder: Path, adversary: PatchDiscriminator, critic: Critic) -> None:
    """Go on with the adversaries kept beside a checkpoint, where they are. Raises CheckpointError for another shape."""
    for name, module in ((_ADVERSARY, adversary), (_CRITIC, critic)):
        if (folder / name).exists():
            with same_shape(str(folder)):
                module.load_state_dict({k: v.float() for k, v in load_file(folder / name).items()})


def save_adversaries(folder: Path, adversary: PatchDiscriminator, critic: Critic) -> None:
    """Keep the discriminators beside the checkpoint, in fp16, so that training can go on from them."""
    for name, module in ((_ADVERSARY, adversary), (_CRITIC, critic)):
        tensors = {k: v.half().cpu().contiguous() for k, v in module.state_dict().items()}
        save_file(tensors, folder / name)


def load_adversary(folder: Path) -> PatchDiscriminator | None:
    """The discriminator that was kept beside a checkpoint, frozen; None where there is none that can be read."""
    try:
        tensors = {k: v.float() for k, v in load_file(folder / _ADVERSARY).items()}
        ends = [k for k in tensors if k.startswith("blocks.") and k.endswith("down.weight")]
        widths = (len(tensors["enter.weight"]), *(len(tensors[k]) for k in sorted(ends)))
        adversary = PatchDiscriminator(DiscriminatorConfig(widths))
        adversary.load_state_dict(tensors)
    except (OSError, KeyError, RuntimeError, SafetensorError):
        return None
    return adversary.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@contextmanager
def same_shape(name: str) -> Iterator[None]:
    """Weights of another shape than the configuration's are a CheckpointError."""
    try:
        yield
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"The checkpoint “{Path(name).name}” has networks of another shape than the configuration."
        ) from error
