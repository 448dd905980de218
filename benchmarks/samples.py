"""Unpicked samples: the first eight seeds for a fixed list of prompts, as one picture with its prompts beside it.

python benchmarks/samples.py [--model default] [--out checkpoints/default/samples.webp] [--psi 0.8]
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ecomgen import Studio
from ecomgen.settings import Settings

PROMPTS = (
    "red running shoes", "红色跑鞋", "black leather shoes for men", "男士黑色皮鞋", "brown casual shoes", "白色运动鞋",
    "white sneakers", "蓝色休闲鞋", "pink high heels", "黑色高跟鞋", "beige flats", "金色平底鞋", "brown sandals for men",
    "女士凉鞋", "blue flip flops", "绿色人字拖", "orange backpack", "红色手提包", "black handbag", "棕色手提包", "blue backpack",
    "灰色双肩包", "gold clutch", "银色手拿包", "black duffel bag", "黑色电脑包", "brown leather wallet", "男士黑色钱包",
    "brown belt for men", "黑色皮带", "silver watch for women", "金色手表", "black digital sports watch", "黑色太阳镜",
    "brown sunglasses", "蓝色帽子", "red striped tie", "紫色香水", "blue perfume for men", "黑色除臭剂",
)  # fmt: skip
# 20 in English, 20 in Chinese, over all categories, and fixed: pictures of two checkpoints can be set side by side.
COUNT, GAP, LABEL = 8, 4, 250
MOST = 700_000  # bytes


def font() -> ImageFont.FreeTypeFont:
    """A font with Chinese where the machine has one (Debian: fonts-noto-cjk)."""
    for path in Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"):
        return ImageFont.truetype(str(path), 18)
    raise SystemExit("Chinese prompts cannot be written: no Noto Sans CJK here (Debian: fonts-noto-cjk).")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=Settings().model)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--psi", type=float, default=0.8)
    options = parser.parse_args()
    studio = Studio.load(options.model)
    rows = [studio.generate(prompt, count=COUNT, seed=0, psi=options.psi) for prompt in PROMPTS]
    side = rows[0][0].width
    sheet = Image.new("RGB", (LABEL + COUNT * (side + GAP), len(PROMPTS) * (side + GAP)), "white")
    draw, letters = ImageDraw.Draw(sheet), font()
    for row, (prompt, images) in enumerate(zip(PROMPTS, rows, strict=True)):
        top = row * (side + GAP)
        draw.text((10, top + side // 2), prompt, fill="#222222", font=letters, anchor="lm")
        for column, image in enumerate(images):
            sheet.paste(image, (LABEL + column * (side + GAP), top))
    out = options.out or Settings().checkpoints / options.model / "samples.webp"
    for quality in range(90, 30, -5):
        sheet.save(out, quality=quality, method=6)
        if out.stat().st_size < MOST:
            break
    size = f"{out.stat().st_size / 1000:.0f} kB at quality {quality}"
    print(f"{out}: {len(PROMPTS)} prompts, seeds 0 to {COUNT - 1}, psi {options.psi}, {size}")


if __name__ == "__main__":
    main()
