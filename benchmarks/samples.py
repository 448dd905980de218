"""Unpicked samples: the first eight seeds for a fixed list of prompts, as one picture with its prompts beside it.

python benchmarks/samples.py [--model default] [--out checkpoints/default/samples.webp] [--psi 0.8]
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ecomgen import Studio
from ecomgen.settings import Settings

PROMPTS = (
    "red running shoes", "红色跑鞋", "black leather shoes for men", "brown casual shoes", "white sneakers",
    "pink high heels", "beige flats", "blue flip flops", "brown sandals for men", "红色手提包", "black handbag",
    "blue backpack", "gold clutch", "brown leather wallet", "黑色皮带", "silver watch for women",
    "black digital sports watch", "black sunglasses", "navy blue cap", "red striped tie", "purple perfume", "blue deodorant",
)  # fmt: skip
COUNT, SIZE, GAP, LABEL, LINE = 8, 96, 6, 260, 102


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font with Chinese where the machine has one (Debian: fonts-noto-cjk)."""
    for path in Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"):
        return ImageFont.truetype(str(path), 17)
    return ImageFont.load_default(17)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--psi", type=float, default=0.8)
    options = parser.parse_args()
    studio = Studio.load(options.model)
    sheet = Image.new("RGB", (LABEL + COUNT * (SIZE + GAP), len(PROMPTS) * LINE), "white")
    draw, letters = ImageDraw.Draw(sheet), font()
    for row, prompt in enumerate(PROMPTS):
        draw.text((10, row * LINE + LINE // 2 - 12), prompt, fill="#222222", font=letters)
        for column, image in enumerate(studio.generate(prompt, count=COUNT, seed=0, psi=options.psi)):
            shown = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
            sheet.paste(shown, (LABEL + column * (SIZE + GAP), row * LINE + 3))
    out = options.out or Settings().checkpoints / options.model / "samples.webp"
    sheet.save(out, quality=88)
    print(f"{out}: {len(PROMPTS)} prompts, seeds 0 to {COUNT - 1}, psi {options.psi}")


if __name__ == "__main__":
    main()
