"""The Fine-tune tab: what it will do, and how it is done today."""

from __future__ import annotations

from ecomgen.ui import cards
from ecomgen.ui.create_tab import Labels

_COMMAND = "ecomgen train configs/generator-128.toml --data my-products.zip --out checkpoints/my-shop"


def finetune_tab() -> Labels:
    """Lay out the tab; it has nothing to wire yet."""
    steps = "".join(
        f'<li><b data-word="ft_step{n}"></b><p data-word="ft_step{n}_text"></p></li>' for n in (1, 2, 3)
    )
    cards.markup(
        '<section class="eg-finetune"><span class="eg-pill" data-word="ft_soon"></span><h2 data-word="ft_title"></h2>'
        f'<p class="eg-lead" data-word="ft_text"></p><ol class="eg-steps">{steps}</ol>'
        '<p class="eg-quiet" data-word="ft_command"></p>'
        f'<div class="eg-code"><code id="eg-train-command">{_COMMAND}</code>'
        '<button type="button" class="eg-button" data-copy="#eg-train-command" data-word="copy"></button></div></section>'
    )
    return {}
