"""The words of the comparison of two pictures, in English and Chinese; words.py adds them to its table."""

# fmt: off
COMPARE_WORDS: dict[str, tuple[str, str]] = {
    "compare": ("Compare", "对比"),
    "compare_two": ("Compare the two", "对比这两张"),
    "compare_title": ("Which picture is better?", "哪张图片更好？"),
    "compare_source": ("What to compare", "对比内容"),
    "compare_pictures": ("Pictures from the gallery", "图库中的图片"),
    "compare_checkpoints": ("Two checkpoints", "两个模型"),
    "compare_first": ("First checkpoint", "第一个模型"),
    "compare_second": ("Second checkpoint", "第二个模型"),
    "compare_prompt": ("What both draw", "两个模型要画的内容"),
    "compare_prompt_hint": ("For example: red running shoes", "例如：红色跑鞋"),
    "compare_start": ("Draw", "开始"),
    "compare_left": ("Left is better", "左边更好"),
    "compare_right": ("Right is better", "右边更好"),
    "compare_upper": ("Upper is better", "上面更好"),
    "compare_lower": ("Lower is better", "下面更好"),
    "compare_neither": ("Equally good", "一样好"),
    "compare_picture_left": ("The left picture", "左边的图片"),
    "compare_picture_right": ("The right picture", "右边的图片"),
    "compare_chosen": ("your choice", "您的选择"),
    "compare_next": ("Next pair", "下一对"),
    "compare_drawing": ("Both checkpoints are drawing…", "两个模型正在生成…"),
    "compare_ask": ("Write what both checkpoints shall draw.", "请写出两个模型要画的内容。"),
    "compare_only_one": ("There is only one checkpoint here; with a second one the two can be compared.",
                         "目前只有一个模型，有了第二个模型就可以对比。"),
    "compare_none": ("No two pictures are left to compare: make more pictures of one product.",
                     "没有可对比的图片了：请为同一商品多生成几张。"),
    "compare_keys": ("Keys: ← left, → right, ↓ equally good, Z undo, Esc close",
                     "快捷键：← 左边，→ 右边，↓ 一样好，Z 撤销，Esc 关闭"),
    "compare_wins": ("Which checkpoint wins", "哪个模型胜出"),
    "compare_wins_hint": ("How often each one beats another; in brackets, where the true figure lies in 95 of 100 cases.",
                          "每个模型胜过其他模型的比例；括号内为 95% 置信区间。"),
    "compare_no_wins": ("Nobody has compared two checkpoints yet.", "还没有人对比过两个模型。"),
    "compare_rate": ("Wins", "胜率"),
    "compare_count": ("Comparisons", "对比次数"),
}

COMPARE_SENTENCES: tuple[tuple[str, str], ...] = (  # part of a sentence of the services, then the whole of it in Chinese
    ("Only your own comparisons", "只能撤销您自己的对比。"),
    ("two different checkpoints", "请选择两个不同的模型。"),
    ("Other comparisons are being drawn", "正在生成其他对比图片，请稍后再试。"),
    ("A comparison needs a prompt", "请写出两个模型要画的内容。"),
    ("two different pictures", "请选择两张不同的图片。"),
    ("The better picture is", "请选择左边、右边或一样好。"),
)
# fmt: on
