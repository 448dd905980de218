"""Every word of the page, in English and Chinese: one table, read by Python and, through `table()`, by page.js."""

from __future__ import annotations

import re

from ecomgen.errors import PolicyRefusal
from ecomgen.schema import Schema
from ecomgen.ui.compare_words import COMPARE_SENTENCES, COMPARE_WORDS
from ecomgen.ui.finetune_words import FINETUNE_SENTENCES, FINETUNE_WORDS
from ecomgen.ui.insight_words import INSIGHT_SENTENCES, INSIGHT_WORDS
from ecomgen.ui.review_words import REVIEW_SENTENCES, REVIEW_WORDS

LANGUAGES = ("en", "zh")

# fmt: off
WORDS: dict[str, tuple[str, str]] = {
    "title": ("ecomgen: product photos from a sentence", "ecomgen：一句话生成商品图"),
    "tagline": ("Product photos from a sentence", "一句话生成商品图"),
    "create": ("Create", "创作"),
    "review": ("Review", "评审"),
    "finetune": ("Fine-tune", "微调"),
    "language": ("Language", "语言"),
    "theme": ("Light or dark", "浅色或深色"),

    "prompt": ("What should be in the picture?", "想要什么样的商品？"),
    "placeholder": ("e.g. red running shoes for women", "例如：红色女士跑鞋"),
    "generate": ("Generate", "生成"),
    "stop": ("Stop", "停止"),
    "themes": ("Themes", "主题"),
    "loading": ("The checkpoint is still loading; the first pictures will take a few seconds.",
                "模型仍在加载，首批图片需要等待几秒。"),

    "photo": ("Start from a photo", "用照片开始"),
    "photo_hint": ("Choose, drop or paste a photo; it is read and not kept.", "选择、拖入或粘贴一张照片；只读取，不保存。"),
    "photo_drop": ("Drop the photo to start from it", "松开即可用这张照片开始"),
    "photo_reading": ("Reading the photo…", "正在识别照片…"),
    "photo_read": ("From your photo", "来自您的照片"),
    "photo_remove": ("Remove the photo", "移除照片"),
    "photo_wins": ("What you type or choose wins over the photo.", "您输入或选择的内容优先于照片。"),
    "photo_replaced": ("It shows another product than was asked for, so it replaced the prompt.", "照片中的商品与原来的描述不同，已替换原描述。"),
    "photo_no_product": ("The product itself was not recognised: choose a category.", "没有认出商品本身，请选择一个品类。"),
    "photo_nothing": ("Nothing in it was recognised with enough certainty: say in words what it shows.",
                      "没有足够把握认出其中的内容，请用文字描述。"),
    "photo_cannot": ("This checkpoint cannot make {value}: choose another category.", "此模型不会生成{value}，请选择其他品类。"),
    "photo_rest": ("This checkpoint cannot make {value}; only the rest of the photo is used.", "此模型不会生成{value}，仅参考照片的其他属性。"),
    "photo_unreadable": ("This file is not a picture that can be read; take a PNG, JPEG or WebP photo.",
                         "无法读取这个文件，请使用 PNG、JPEG 或 WebP 照片。"),
    "photo_failed": ("The photo could not be sent; please try again.", "照片未能送达，请重试。"),
    "photo_shape": ("Use its shape", "沿用它的外形"),
    "photo_again": ("How the generator sees it", "生成器看到的样子"),
    "photo_unlike": ("It is unlike anything that this checkpoint learnt, so its shape will be met poorly.",
                     "此模型没有学过类似的商品，外形会不太像。"),
    "of_photo": ("from photo", "来自照片"),
    "of_photo_hint": ("Recognised in your photo; what you type or choose wins over it.", "从您的照片中识别；您输入或选择的内容优先。"),

    "understood": ("Understood as", "理解为"),
    "reset": ("Reset to prompt", "恢复为描述"),
    "unspecified": ("unspecified", "未指定"),
    "edited": ("edited", "已修改"),
    "edited_hint": ("You chose this; it wins over the prompt.", "由您选定，优先于描述。"),
    "unsure": ("unsure", "不确定"),
    "unsure_hint": ("Read from the prompt, but not with certainty.", "从描述中读出，但把握不大。"),
    "no_effect": ("no effect", "不起作用"),
    "no_effect_hint": ("This checkpoint did not learn it, so it changes nothing.", "此模型没有学过这一项，设置后不会有变化。"),
    "not_known": ("not known", "不认识"),
    "ruled": ("house rule", "店规"),
    "ruled_hint": ("A rule of this shop chose this.", "由店铺规定选定。"),
    "not_known_hint": ("This checkpoint has never seen it.", "此模型从未见过。"),

    "options": ("Options", "选项"),
    "count": ("Pictures", "图片数量"),
    "psi": ("Variety", "变化程度"),
    "psi_info": ("Low: typical and tidy. High: bolder, with more misses.", "低：常见而工整；高：更大胆，也更易出错。"),
    "best": ("Show the best", "只看优选"),
    "best_info": ("Four times as many are made; the thumbs in Review decide which you see, and one comes by chance.",
                  "生成四倍的图片，按“评审”中的评价选出要展示的，其中一张随机选取。"),
    "market": ("Follow the market", "跟随市场"),
    "market_info": ("What you leave open is chosen as often as the market table in Insight asks for it.", "未指定的属性按“洞察”中市场表格的占比选取。"),
    "market_none": ("There is no market table yet: upload one in Insight, or turn “Follow the market” off.",
                    "还没有市场表格，请先在“洞察”中上传，或关闭“跟随市场”。"),
    "best_variety": ("chosen from {n}, {share} % as varied as all of them", "选自 {n} 张，多样性为全部的 {share} %"),
    "origin_best": ("the best", "优选"),
    "seed": ("Seed", "随机种子"),
    "dice": ("Roll a new seed", "换一个种子"),
    "lock": ("Keep this seed", "固定此种子"),
    "unlock": ("Seed is kept: release it", "种子已固定：点此解除"),
    "model": ("Checkpoint", "模型"),

    "empty_title": ("Nothing here yet. Start with one of these:", "还没有图片，不妨从这里开始："),
    "empty_text": ("Each picture is made from scratch. No product in it exists.", "每张图片都是全新生成，图中商品并不存在。"),
    "pictures_n": ("{n} pictures", "{n} 张图片"),
    "picture_1": ("1 picture", "1 张图片"),
    "making": ("Making pictures", "正在生成"),
    "no_prompt": ("From attributes only", "仅按属性生成"),
    "origin_photo": ("the shape of your photo", "沿用照片的外形"),
    "origin_edit": ("changed", "修改而来"),
    "origin_colours": ("other colours", "其他颜色"),
    "origin_mix": ("a mix of two", "两张图片的混合"),
    "origin_between": ("in between two", "两张图片之间的过渡"),
    "variation_small": ("small changes", "小幅变化"),
    "variation_large": ("large changes", "大幅变化"),
    "copy_link": ("Copy link", "复制链接"),
    "use_again": ("Use again", "再次使用"),
    "link_copied": ("Link copied: it brings back this prompt and seed.", "链接已复制：打开即可恢复描述和种子。"),
    "copied": ("Copied", "已复制"),
    "copy_failed": ("Your browser did not allow copying.", "浏览器不允许复制。"),

    "like": ("Like", "喜欢"),
    "dislike": ("Dislike", "不喜欢"),
    "more": ("More like this", "生成相似的"),
    "more_small": ("Small changes", "小幅变化"),
    "more_large": ("Large changes", "大幅变化"),
    "more_colours": ("Other colours", "换颜色"),
    "more_mix": ("Mix with…", "与另一张混合…"),
    "more_between": ("In between…", "过渡到另一张…"),
    "choose_mix": ("Choose the picture whose colour and pattern to take.", "请选择提供颜色和图案的那张图片。"),
    "choose_between": ("Choose the picture to go to.", "请选择要过渡到的那张图片。"),
    "cancel": ("Cancel", "取消"),
    "download": ("Download", "下载"),
    "details": ("Details", "详情"),
    "close": ("Close", "关闭"),
    "why": ("What is wrong?", "哪里不好？"),
    "reason_thanks": ("Thank you, noted.", "谢谢，已记录。"),
    "wrong category": ("Wrong product", "品类不对"),
    "wrong colour": ("Wrong colour", "颜色不对"),
    "blurry or broken": ("Blurry or broken", "模糊或变形"),
    "off-brand": ("Not our style", "不合风格"),
    "not usable": ("Not usable", "无法使用"),
    "other": ("Something else", "其他"),
    "vote_failed": ("The vote was not saved; please try again.", "评价未能保存，请重试。"),
    "gone": ("The file was cleared to make room; the same seed makes it again.", "文件已清理，用同一种子可重新生成。"),

    "d_prompt": ("Prompt", "描述"),
    "d_attributes": ("Attributes", "属性"),
    "d_seed": ("Seed", "随机种子"),
    "d_psi": ("Variety", "变化程度"),
    "d_variation": ("Variation", "相似变化"),
    "d_set_aside": ("Drawn again", "重画"),
    "set_aside_one": ("The first try looked failed, so another seed was drawn.", "首次生成的效果不佳，已换种子重画。"),
    "set_aside_more": ("{count} tries looked failed and were set aside.", "有 {count} 次生成的效果不佳，已舍弃。"),
    "d_origin": ("Made from", "来源"),
    "d_model": ("Checkpoint", "模型"),
    "d_command": ("Make it again from the command line", "用命令行再次生成"),
    "copy": ("Copy", "复制"),

    "filter": ("Show", "显示"),
    "all": ("All", "全部"),
    "liked": ("Liked", "喜欢"),
    "disliked": ("Disliked", "不喜欢"),
    "unrated": ("Not rated", "未评价"),
    "show_more": ("Show more", "显示更多"),
    "review_empty_all": ("No pictures yet.", "还没有图片。"),
    "review_empty_liked": ("No liked pictures yet.", "还没有喜欢的图片。"),
    "review_empty_disliked": ("No disliked pictures yet.", "还没有不喜欢的图片。"),
    "review_empty_unrated": ("Every picture has been rated.", "所有图片都已评价。"),
    "review_empty_text": ("Give pictures in Create a thumb up or down. They will be listed here, newest first, and stay after a restart.",
                          "在“创作”中为图片点赞或点踩，它们会按时间列在这里，重启后依然保留。"),

    "no_category": ("This checkpoint cannot make {value}; it knows {known}.", "此模型不会生成{value}；它认识的品类有：{known}。"),
    "unknown_fault": ("Something went wrong on our side; please try again.", "系统出了点问题，请重试。"),
    "bad_seed": ("The seed is a whole number between 0 and {most}.", "种子须为 0 到 {most} 之间的整数。"),
    "bad_link": ("Part of the link could not be read, so the rest was used.", "链接中有一部分无法识别，已忽略。"),
    "too_long": ("The prompt is longer than {most} characters; please shorten it.", "描述超过 {most} 个字符，请缩短。"),
    "empty_prompt": ("Please describe a product, or choose a category.", "请描述一件商品，或选择一个品类。"),
    **REVIEW_WORDS,
    **INSIGHT_WORDS,
    **COMPARE_WORDS,
    **FINETUNE_WORDS,
}

_SENTENCES: tuple[tuple[str, str], ...] = (  # part of a sentence of the services, then the whole of it in Chinese
    *FINETUNE_SENTENCES,  # first: they are of more words than those below
    ("The prompt is empty", "描述为空，请写出想要的商品，例如“红色跑鞋”。"),
    ("The prompt holds no words", "描述中没有文字，请写出想要的商品，例如“红色跑鞋”。"),
    ("names a product, a colour", "描述中没有提到商品、颜色或外观，可以试试“红色跑鞋”。"),
    ("not learnt any other colour", "此模型没有学过其他颜色。"),
    ("has not learnt", "此模型没有学过这一品类。"),
    ("There is no checkpoint", "找不到所选的模型。"),
    ("different checkpoints", "两张图片来自不同的模型，请选择同一模型的图片。"),
    ("earlier checkpoint", "这张图片由旧版模型生成，请先重新生成。"),
    ("read for another checkpoint", "照片的外形是按另一个模型读取的，请重新选择照片。"),
    ("The latent", "图片的参数无法读取，请复制完整。"),
    ("The policy file", "店铺的规定文件无法使用，请联系管理员。"),
    ("The checkpoint", "模型无法使用：文件缺失或已损坏。"),
    ("thumbs up and", "目前的点赞或点踩还不够，各需要至少 10 个，因此按原样展示。"),
    ("Nothing has been judged", "还没有可供学习的评价，因此按原样展示。"),
    ("There is no picture", "找不到这张图片。"),
    ("The feedback database", "评价数据库暂时无法使用。"),
    ("Photos cannot be read here", "此处暂时无法识别照片：缺少识别模型。"),
    ("The recogniser “", "识别模型无法使用：文件缺失或已损坏。"),
    ("The photo is larger", "照片太大，请使用较小的照片。"),
    ("million pixels", "照片的像素太多，请使用较小的照片。"),
    ("The photo did not arrive", "照片没有完整送达，请重试。"),
    ("The photo cannot be used", "这张照片无法读取：文件已损坏，或不是 PNG、JPEG、WebP 格式。"),
    ("The picture cannot be written", "图片无法保存，磁盘可能已满。"),
    *REVIEW_SENTENCES,
    *INSIGHT_SENTENCES,
    *COMPARE_SENTENCES,
)

THEMES: tuple[tuple[str, str, str, str], ...] = (  # label and prompt in English, then in Chinese
    ("Summer sandals", "brown leather sandals for summer", "夏日凉鞋", "夏季棕色皮革凉鞋"),
    ("Office bags", "black laptop bag for the office", "通勤包", "上班用的黑色电脑包"),
    ("Running", "blue running shoes for men", "跑步", "男士蓝色跑鞋"),
    ("Evening out", "gold clutch for a party", "晚宴", "派对用的金色手拿包"),
    ("Classic watches", "silver steel watch for men", "经典腕表", "男士银色不锈钢手表"),
    ("Beach days", "black sunglasses", "海边假日", "黑色太阳镜"),
    ("Back to school", "red backpack", "开学季", "红色双肩包"),
)

EXAMPLES: tuple[tuple[str, str, str], ...] = (  # drawing, then the prompt in English and in Chinese
    ("shoe", "red running shoes", "红色跑鞋"),
    ("bag", "brown leather handbag", "棕色皮革手提包"),
    ("watch", "silver watch for men", "男士银色手表"),
    ("glasses", "black sunglasses", "黑色太阳镜"),
)
# fmt: on


def word(key: str, language: str, **values: object) -> str:
    """The text for `key` in `language` ("en" or "zh"), with `values` filled in."""
    return WORDS[key][language == "zh"].format(**values) if values else WORDS[key][language == "zh"]


def translated(sentence: str, language: str) -> str:
    """A sentence of the services in `language`; in English where there is no Chinese for it."""
    found = (zh for part, zh in _SENTENCES if language == "zh" and part in sentence)
    return next(found, sentence)


def told(error: Exception, language: str) -> str:
    """The sentence of an error that is meant for users, in `language`."""
    if isinstance(error, PolicyRefusal) and language == "zh":
        return error.chinese
    return translated(str(error), language)


def labels(schema: Schema) -> dict[str, str]:
    """The Chinese name of every attribute and value of the schema that has one."""
    named = [(a.name, a.zh) for a in schema] + [(v.name, v.zh) for a in schema for v in a.values]
    return {name: zh for name, zh in named if zh}


def preferred_language(accepted: str) -> str:
    """ "zh" when an Accept-Language header puts a Chinese before any English, else "en"."""
    for entry in re.split(r"[\s,;]+", accepted[:200].lower()):
        if entry.startswith(("zh", "en")):
            return entry[:2]
    return "en"
