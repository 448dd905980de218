"""A recogniser small enough to be taught within a test, on the drawings of drawing.py."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from drawing import COLOURS, draw_product

from ecomgen.data.photos import pad_to_square, trim_border
from ecomgen.models.backbone import BackboneConfig
from ecomgen.models.recogniser import Recogniser, RecogniserConfig, class_numbers, save_recogniser
from ecomgen.schema import default_schema
from ecomgen.training.autoencoder import to_tensor

SIZE = 16
TAUGHT = ("casual shoes", "handbags", "watches", "belts", "t-shirts")
OTHER = "sunglasses"
TAUGHT_COLOURS, OTHER_COLOUR = tuple(COLOURS)[:5], tuple(COLOURS)[5]


def teach_recogniser(folder: Path, steps: int = 40) -> None:
    """Write a recogniser of TAUGHT and TAUGHT_COLOURS that saw OTHER and OTHER_COLOUR as "something else"."""
    torch.manual_seed(0)
    values = {"category": TAUGHT, "colour": TAUGHT_COLOURS, "pattern": ("solid", "striped")}
    config = RecogniserConfig(BackboneConfig(SIZE, (1, 1, 1)), values, dim=256)
    shown = [{"category": c, "colour": k} for c in (*TAUGHT, OTHER) for k in COLOURS for _ in range(8)]
    drawn = [draw_product(p["category"], p["colour"], seed=1000 + i) for i, p in enumerate(shown)]
    photos = to_tensor(
        torch.from_numpy(np.stack([np.asarray(pad_to_square(trim_border(d), SIZE)) for d in drawn]))
    )
    recogniser, classes = Recogniser(config).train(), class_numbers(config, shown)
    optimizer = torch.optim.AdamW(recogniser.parameters(), 3e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - step / steps)
        rows = torch.randint(len(shown), (48,))
        logits = recogniser(photos[rows])
        losses = [F.cross_entropy(logits[name], classes[name][rows]) for name in ("category", "colour")]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
    save_recogniser(folder, recogniser.eval(), default_schema())
