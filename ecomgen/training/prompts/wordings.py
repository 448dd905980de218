"""Everyday ways to ask for a product: what it is for, what it is like, its parts, and words that name a whole family."""


def _lines(text: str) -> dict[str, tuple[str, ...]]:
    """`name: a | b` a line."""
    rows = (line.split(":", 1) for line in text.strip().splitlines())
    return {name.strip(): tuple(p.strip() for p in rest.split("|")) for name, rest in rows}


DESCRIPTIONS = _lines("""
casual shoes: to put on my feet every day | comfortable on the feet for walking about town | for my feet when i go out | to wear on my feet with jeans
sports shoes: to run in | to go running in | for my feet when i go jogging | to wear on my feet at the gym | to play tennis in | to train in
formal shoes: to wear on my feet with a suit | for my feet at the office | smart for my feet
heels: with a high heel | that makes me taller | to wear on my feet at a ball with a heel
flats: without a heel for my feet | flat to dance in
sandals: open for my feet when it is hot | airy for my feet | that shows my toes
flip flops: to wear on my feet at the pool | to slip on after a shower | for my feet at home
booties: that covers my ankles | to keep my feet dry in the snow | warm for my feet in the rain
handbags: to carry my things in over the shoulder | to carry on my arm | to put my phone and keys and make-up in
backpacks: to carry on my back | to carry my books to school in | for both shoulders | to put my school books in
clutches: to hold in my hand at a party | small without a strap to hold in the hand
duffel bags: to pack for a weekend away | to carry my gym kit in | to pack my clothes in for a trip
laptop bags: to carry my laptop in | for my notebook computer | to carry documents and a computer in
wallets: to keep my cash and cards in | to put my money in | for my bank cards | for coins and notes
belts: to hold my trousers up | to wear around the waist | so that my trousers don't fall down
watches: to tell the time | that shows the time on my wrist | to wear on the wrist with hands and a dial
sunglasses: to protect my eyes from the sun | for my eyes when it is sunny | to wear on the nose against the sun
caps: to wear on my head | to keep the sun off my face | to keep my head warm | for my bald head
ties: to wear round the collar with a suit | to knot around the neck of a shirt
cufflinks: to fasten my shirt cuffs | for the cuffs of a shirt
perfume: to smell nice | that smells of vanilla | with a fresh smell to spray on
deodorant: against sweat under the arms | to stop sweating | so that my armpits don't smell
earrings: to hang from my ears | for pierced ears | to put in my ears that sparkles
necklaces: to hang around the neck that sparkles | to wear around the neck with a pendant
rings: to wear on a finger | to propose with | for her finger
bracelets: to wear around the wrist that sparkles | for the arm that jingles
socks: to keep my feet warm inside the boots | to wear inside shoes
t-shirts: with short sleeves for the top half | cotton with short sleeves and a round neck
shirts: with a collar and buttons | to wear under a suit with buttons
tops: to wear on top with a skirt | sleeveless for the upper body for her
kurtas: long and indian to wear over trousers
dresses: in one piece to wear to a dance | from shoulder to knee for her
skirts: to wear from the waist down that swirls | knee length from the waist down
sarees: to drape around the body the indian way | six yards long to drape
jeans: made of denim for my legs
trousers: long for my legs | to cover my legs
shorts: for my legs above the knee | short for my legs
track pants: soft for my legs to train in | with elastic cuffs for my legs
sweatshirts: with a hood and a kangaroo pocket | soft with a hood
sweaters: knitted to keep me warm | warm and knitted to pull over
jackets: to wear over everything when it is cold | to keep the rain off | to keep out the wind
scarves: to wrap around the neck | to keep my neck warm | cosy for the neck
lipstick: for my lips | to paint my lips with | colour for the mouth
nail polish: to paint my nails with | for my nails | to varnish my toenails with
""")
"""What may follow "something" instead of the name of the product."""
DESCRIPTIONS_ZH = _lines("""
casual shoes: 平时走路脚上穿的 | 逛街走路不累脚的 | 每天穿在脚上的
sports shoes: 跑步时脚上穿的 | 打球脚上穿的 | 健身时穿在脚上的
formal shoes: 配西装脚上穿的 | 上班正式场合脚上穿的
heels: 显高的鞋 | 带跟的鞋 | 跟高的鞋
flats: 没有跟的女鞋 | 跳芭蕾那种平的鞋
sandals: 夏天露脚趾的鞋 | 透气露趾的鞋
flip flops: 洗完澡脚上穿的 | 在家里脚上穿的 | 泳池边脚上穿的
booties: 到脚踝的鞋 | 下雪天脚上穿的 | 高帮保暖的鞋
handbags: 女生出门拎着的 | 出门装手机口红的包 | 挎在肩上的包
backpacks: 背在背上的 | 上学装书的 | 两个肩膀背的包
clutches: 晚宴上拿在手里的小包 | 没有带子拿手里的包
duffel bags: 出门几天装衣服的 | 去健身装衣服的大包 | 装行李的包
laptop bags: 放笔记本电脑的 | 装电脑和文件的
wallets: 装钱的 | 放银行卡和现金的 | 放零钱的
belts: 系裤子的 | 系在腰上的 | 裤子松了系的
watches: 看时间的 | 戴在手腕上看时间的
sunglasses: 遮太阳戴在眼睛上的 | 挡阳光保护眼睛的
caps: 戴在头上的 | 头上遮阳的 | 头上保暖戴的
ties: 打在衬衫领口的 | 穿西装打在脖子上的
cufflinks: 别在衬衫袖口的 | 扣袖口的
perfume: 喷了香香的 | 闻起来有花香的 | 喷在身上的香味
deodorant: 防止腋下出汗的 | 去汗味的 | 腋下喷的
earrings: 戴在耳朵上的 | 打了耳洞戴的
necklaces: 戴在脖子上亮晶晶的 | 脖子上戴的首饰
rings: 戴在手指上的 | 求婚用的首饰
bracelets: 戴在手腕上的首饰 | 手腕上亮晶晶的
socks: 穿在鞋里面的 | 给脚保暖穿鞋里的
t-shirts: 夏天穿的圆领短袖子的 | 短袖圆领的
shirts: 有领子有扣子的 | 穿在西装里面有扣子的
tops: 上半身穿的女装
kurtas: 印度人穿的长衫
dresses: 上下连在一起的裙装
skirts: 腰以下穿的裙装
sarees: 印度女人披在身上的
jeans: 丹宁布做的长的裤装
trousers: 穿在腿上的 | 两条腿穿的
shorts: 膝盖以上的裤装
track pants: 有松紧带跑步穿在腿上的
sweatshirts: 带帽子套头穿的 | 有兜帽的上衣
sweaters: 毛线织的保暖的 | 针织的套头保暖的
jackets: 天冷穿在最外面的 | 挡风穿在外面的
scarves: 围在脖子上保暖的 | 脖子上围的
lipstick: 涂嘴唇的 | 抹在嘴上的
nail polish: 涂指甲的 | 给指甲上色的
""")

MODIFIERS = (
    "slim fit", "slim", "skinny", "ripped", "baggy", "oversized", "loose", "tight", "long sleeve", "short sleeve", "sleeveless",
    "v-neck", "round neck", "high-waisted", "low-rise", "cropped", "waterproof", "chunky", "padded", "zip-up", "lace-up", "pleated",
    "foldable", "soft", "thick", "thin", "warm", "lightweight", "heavy", "tiny", "mini", "maxi", "medium", "tall", "wide", "narrow",
    "pointed", "round", "square", "polarised", "retro", "second-hand", "handmade", "washable", "breathable", "stretchy", "elastic",
    "adjustable", "reversible", "matte", "glossy", "sparkly", "shiny", "delicate", "sturdy", "durable", "comfy", "cosy", "fancy-free",
    "minimalist", "trendy", "fashionable", "pretty", "gorgeous", "funny", "spacious", "compact", "limited edition", "original",
    "my favourite", "matching", "everlasting", "plus size", "petite", "strappy", "curved", "layered", "tailored", "hand-made",
)  # fmt: skip
MODIFIERS_ZH = (
    "修身", "宽松", "加厚", "薄款", "长款", "短款", "中长款", "高腰", "低腰", "破洞", "防水", "透气", "大码", "小码", "保暖", "柔软", "耐磨",
    "加绒", "轻薄", "百搭款", "韩版", "日系", "欧美风", "学院风", "文艺", "ins风", "网红款", "显瘦", "显白", "经典款", "复古风", "手工", "精致",
    "大容量", "多功能", "可折叠", "防滑", "弹力", "磨砂", "亮面", "圆头", "尖头", "方头", "厚底", "薄底", "连帽", "圆领", "高领", "长袖",
    "无袖", "迷你", "超大", "加宽", "定制", "限量版", "升级版", "夜光", "双面", "带扣", "新一代", "小巧", "简单大方", "洋气", "气质",
)  # fmt: skip
PARTS = (
    "handle", "handles", "strap", "straps", "buckle", "sole", "soles", "heel tab", "logo", "lining", "dial", "buttons", "button",
    "zip", "zipper", "collar", "pocket", "pockets", "laces", "trim", "stitching", "brim", "clasp", "stone", "letters", "edges",
    "sleeves", "hood", "cuffs", "details", "tassels", "bow", "frame", "lenses", "hands", "label", "toe cap", "seams", "ribbon",
)  # fmt: skip
PARTS_ZH = (
    "提手", "肩带", "鞋底", "鞋带", "拉链", "扣子", "里子", "内衬", "表盘", "领子", "袖口", "口袋", "包边", "字母", "标志", "帽檐", "搭扣",
    "袖子", "后跟", "鞋跟", "流苏", "蝴蝶结", "镜片", "镜框", "指针", "缝线", "字样", "图标", "花边", "滚边", "内里", "把手", "装饰",
)  # fmt: skip
PART_FORMS = (
    "with {c} {p}", "with a {c} {p}", "with {c} {p}", "and {c} {p}", ", {p} in {c}", ", the {p} is {c}", "that has {c} {p}",
    "where the {p} is {c}", "with its {c} {p}", "having a {c} {p}", "and a {c} {p}", "but the {p} should be {c}", "({c} {p})",
)  # fmt: skip
PART_FORMS_ZH = (
    "，{p}是{c}的", "，{p}是{c}", "，带{c}{p}", "，{c}的{p}", "，{p}{c}", "配{c}的{p}", "，{p}要{c}", "，有{c}的{p}", "，{c}{p}", "带{c}的{p}",
)  # fmt: skip
PATTERN_OF = {
    "striped": (("stripes", "pinstripes"), "条"),
    "polka dot": (("dots", "polka dots", "spots"), "点"),
    "floral": (("flowers", "roses", "daisies"), "花"),
    "checked": (("checks", "squares"), "格"),
}
"""Patterns that have a colour of their own: "white with blue dots", 白底蓝点."""
SECOND = (
    "{a} and {b}", "{a} and {b}", "{a} and a {b}", "{a} plus {b}", "{a} to go with my {b}", "{a} to match my {b}", "{a} & {b}",
    "{a} that goes with {b}", "{a} with a matching {b}", "{a}, {b}", "{a} for my {b}", "{a} to wear with {b}", "{a} and also {b}",
    "{a} which suits my {b}", "{a} instead of {b}", "{a} rather than {b}", "{a}, not {b}", "{a} but no {b}", "{a} or {b}",
    "{a} that matches a {b}", "{a} worn over {b}", "{a}, then {b}", "{a} not the {b}", "{a} that aren't {b}", "{a} that are not {b}",
)  # fmt: skip
SECOND_ZH = (
    "{a}和{b}", "{a}、{b}", "{a}还有{b}", "{a}配{b}", "{a}，再来一个{b}", "{a}搭{b}", "配{b}的{a}", "搭配{b}的{a}", "{a}加{b}", "{a}，{b}也要",
    "和{b}搭的{a}", "穿{b}配的{a}", "{a}，不要{b}", "{a}，不是{b}", "{a}或者{b}", "{a}跟{b}", "不是{b}是{a}", "{a}而不是{b}", "{a}配一条{b}",
)  # fmt: skip
CORRECTIONS = (
    "not {bad} but {good}", "not {bad}, {good}", "{good} instead of {bad}", "{good} rather than {bad}", "{good} not {bad}",
    "{good}, not {bad},", "no {bad}, only {good}", "{good} and not {bad}", "anything but {bad}, say {good}", "{good} (no {bad})",
)  # fmt: skip
CORRECTION_SENTENCES = (
    "i don't want a {bad} {p}, i want a {good} one", "i do not like {bad} ones, give me {good} {p}", "{p} that is not {bad} but {good}",
    "no {bad} please, i would like {good} {p}", "do not show {bad} ones, show {good} {p}", "{p}, please not {bad}, {good} is better",
    "i already have {bad} ones, now {good} {p}", "forget the {bad} ones, make it {good} {p}", "{p}: {good} yes, {bad} no",
)  # fmt: skip
CORRECTIONS_ZH = (
    "不要{bad}的要{good}的", "不要{bad}，要{good}", "不是{bad}是{good}", "不要{bad}的，想要{good}的", "别要{bad}，换成{good}的", "{good}的，不要{bad}的",
    "不想要{bad}，想要{good}", "要{good}不要{bad}", "{good}而不是{bad}的", "别给我{bad}，给我{good}的", "不喜欢{bad}喜欢{good}的",
)  # fmt: skip
ASKING = (
    "why not", "why don't you have", "isn't there", "don't you have", "couldn't you find", "can't you make", "why is there no",
    "don't forget", "i have no", "he has no", "she still has no", "we ran out of", "there is no", "isn't it possible to get",
    "wouldn't you have", "haven't you got", "not only", "no problem,", "i can't find", "i lost my", "i cannot live without",
)  # fmt: skip
"""Openers with a "not" that negates nothing of what is wished for."""
ASKING_ZH = (
    "有没有", "能不能找", "怎么没有", "为什么没有", "是不是有", "我没有", "可不可以要", "还没有", "不好意思，要", "找不到", "要不", "好不好看的",
    "差不多的", "不错的", "不知道有没有", "不如来个", "少不了", "别忘了",
)  # fmt: skip
SHADES = (
    "dark",
    "light",
    "pale",
    "bright",
    "deep",
    "pastel",
    "neon",
    "soft",
    "very dark",
    "vivid",
    "warm",
    "faded",
    "plain",
)
SHADES_ZH = ("深", "浅", "淡", "亮", "暗", "嫩")
PERSON_FORMS = (
    "for {}", "present for {}", "gift for {}", "{} needs", "{} wants", "{} would like", "it is for {}", "for {}'s birthday",
    "{} is looking for", "to surprise {}", "{} asked for", "{} loves", "something {} would wear,", "as a present for {}",
)  # fmt: skip
PERSON_FORMS_ZH = (
    "给{}买", "送{}的", "{}想要", "{}穿的", "{}用的", "{}戴的", "{}生日送", "给{}的", "适合{}的", "{}喜欢的", "{}要的", "帮{}找", "{}专用",
    "给{}挑", "想送{}一个", "孝敬{}的", "{}的",
)  # fmt: skip
USAGE_FORMS_ZH = (
    "{}穿的",
    "{}用的",
    "{}戴的",
    "{}的时候用的",
    "去{}穿的",
    "{}时穿的",
    "参加{}的",
    "平时{}用",
    "{}背的",
    "{}可以穿的",
)

GENERIC_IN_USE = {
    "shoes": {
        "sports shoes": ("for running", "for jogging", "for tennis", "for football", "to run in", "to train in", "for my marathon",
                         "跑步的", "打球的", "跑步穿的", "健身穿的", "踢球穿的", "训练穿的", "长跑穿的"),
        "formal shoes": ("for a suit", "to wear with a suit", "to the office", "for a business dinner", "配西装的", "正式一点的", "商务场合穿的"),
        "heels": ("with high heels", "with a heel", "跟很高的", "带高跟的"),
        "flip flops": ("for the shower", "for the pool", "洗澡穿的", "在家穿的"),
    },
    "bag": {
        "backpacks": ("for school books", "for college", "for hiking", "for my back", "for first grade",
                      "上学的", "爬山背的", "背书的", "上学用的", "学生背的"),
        "duffel bags": ("for a weekend away", "for sports kit", "for two nights", "for my gym clothes",
                        "健身的", "装行李的", "去健身房用的", "住两晚用的"),
        "laptop bags": ("for my laptop", "for my computer", "for a notebook computer", "for a 15 inch laptop",
                        "放电脑的", "装笔记本电脑的", "放文件的"),
        "clutches": ("to hold in the hand", "for the opera", "拿在手里的"),
    },
}  # fmt: skip
"""What a word for a family names when its use is said."""
