"""What templated prompts are made of, besides the schema's words: fillers, forms, negations, and words of no meaning here."""


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


SHARES = {
    "category": 0.82, "colour": 0.6, "pattern": 0.18, "material": 0.25, "usage": 0.2, "audience": 0.3, "season": 0.15, "price": 0.15,
}  # fmt: skip
"""How often a prompt asserts each attribute; 0.2 for others."""

GENERIC = {
    "shoes": {"casual shoes": 0.8, "sports shoes": 0.08, "formal shoes": 0.04, "heels": 0.04, "flats": 0.04},
    "bag": {"handbags": 0.85, "backpacks": 0.15},
}
"""Words that name a family more than a value: the label is drawn, so that the confidence says how unsure it is."""
GENERIC_WORDS = {
    "shoes": "shoes", "shoe": "shoes", "footwear": "shoes", "鞋": "shoes", "鞋子": "shoes",
    "bag": "bag", "bags": "bag", "包": "bag", "包包": "bag", "pair of shoes": "shoes", "一双鞋": "shoes", "小包": "bag", "袋子": "bag",
}  # fmt: skip
GENERIC_FOR_USE = {
    ("shoes", "sports"): "sports shoes", ("shoes", "formal"): "formal shoes",
    ("bag", "travel"): "duffel bags", ("bag", "party"): "clutches",
}  # fmt: skip

OPENERS = (
    "a photo of", "a picture of", "show me", "i want", "i need", "i would like", "i'm looking for", "looking for", "find me",
    "generate", "please make", "can you draw", "could i see", "give me", "a pair of", "a", "an", "some", "the", "one", "my",
    "something like", "do you have", "where can i get", "product photo of", "studio shot of", "an image of", "eight", "5",
    "we sell", "new", "a nice", "beautiful", "lovely", "cool", "stylish", "trendy", "modern", "classic", "comfortable", "vintage",
    "elegant", "cute", "simple", "big", "small", "large", "light", "best", "good", "hi,", "hello", "thanks,",
    "design me", "what about", "how about", "maybe", "just", "really", "very", "quite", "preferably", "ideally", "it should be",
    "let me see", "imagine", "render", "help me choose", "we need", "she wants", "he needs", "in the mood for", "search:",
)  # fmt: skip
CLOSERS = (
    "please", "thanks", "on a white background", "isolated", "with a nice look", "size 42", "in stock", "on sale", "front view",
    "side view", "high resolution", "4k", "for my shop", "for the new collection", "that look good", "with free shipping", "xl",
    "for tomorrow", "asap", "with laces", "with a zip", "with a strap", "with pockets", "with logo", "that fits", "to go with it",
    "as a gift", "for a friend", "for a birthday", "i can wear", "which are comfortable", "and nothing else", "to match", "!!!",
    "of any kind", "if possible", "in any colour", "any colour is fine", "colour does not matter", "any material", "studio light",
)  # fmt: skip
OPENERS_ZH = (
    "我想要一双", "我想要", "我要", "请给我", "给我看看", "帮我找", "一张", "一个", "一双", "一条", "一款", "有没有", "想买",
    "来一个", "来一双", "请生成", "画一个", "找一件", "求推荐", "推荐", "最新款", "新款", "好看的", "漂亮的", "时尚的", "舒适的",
    "百搭", "简约", "可爱的", "复古", "大号", "小号", "轻便的", "正在找", "需要", "求", "想看看", "你好，", "麻烦", "设计一款", "一副",
    "一只", "一件", "几款", "这种", "有点", "特别", "非常", "比较", "最好是", "希望是", "我们店卖",
)  # fmt: skip
CLOSERS_ZH = (
    "谢谢", "的照片", "的图片", "白底图", "产品图", "高清", "有现货吗", "可以吗", "就行", "送人", "送礼", "送朋友", "打折", "包邮",
    "42码", "一个就好", "要好看", "舒服一点", "正面图", "随便什么颜色", "颜色不限", "都可以", "有吗", "多少钱", "好看的", "带拉链",
    "！", "。", "吧", "呢", "的", "款式", "新品", "生日礼物", "有口袋", "带logo", "材质不限",
)  # fmt: skip
NOTHING = (
    "banana", "telephone", "weather", "happy", "music", "mountain", "window", "computer", "planet", "dinner", "table", "garden",
    "river", "monday", "history", "science", "doctor", "city", "train", "paper", "story", "number", "question", "answer", "people",
    "cat", "dog", "car", "tree", "house", "book", "coffee table", "car keys", "what is the time", "how are you", "hello world",
    "top quality", "watch out", "ring me", "light", "length", "test", "foo", "bar", "lorem ipsum", "dolor sit amet", "something",
    "anything", "whatever", "nice", "cool", "gift", "product", "item", "thing", "things", "stuff", "fashion", "style", "brand",
    "quality", "size", "collection", "design", "new", "water bottle", "bicycle", "chair", "guitar", "football", "umbrella", "pizza",
    "stranger", "seven", "tomorrow", "internet", "market", "email", "shop", "price", "colour", "material", "run", "walk", "open",
)  # fmt: skip
NOTHING_ZH = (
    "天气", "电话", "苹果", "音乐", "电脑", "今天", "明天", "你好", "随便", "东西", "礼物", "吃饭", "学校", "火车", "桌子", "城市",
    "什么", "哈哈", "测试", "产品", "商品", "款式", "颜色", "大小", "质量", "朋友", "手机", "汽车", "猫", "狗", "书", "水", "山", "人",
    "上海", "北京", "中国", "电影", "游戏", "飞机", "问题", "时间", "工作", "快乐", "喜欢", "品牌", "好看", "漂亮", "自行车", "雨伞",
)  # fmt: skip
WORDS = _split("""
pencil pencils notebook iphone phone case card money coin lamp bottle cup plate spoon knife kitchen sofa bed
door wall floor roof street road bridge station airport plane boat ship wheel engine battery screen keyboard
mouse camera speaker radio television film movie theatre museum library teacher student lesson exam homework
job salary boss meeting letter stamp envelope box basket bucket rope hammer nail saw wood stone glass
metalwork plastic fire smoke rain snow wind storm cloud sun moon star sky sea ocean lake island beach forest
field farm cow horse sheep chicken fish bird bee flower pot grass leaf root seed fruit apple pear grape
lemonade bread cheese butter milk tea sugar salt pepper rice soup salad meat cake juice wine beer breakfast
lunch morning evening night week month year summer holiday friend family baby king queen soldier police
nurse lawyer artist singer song dance game ball goal team win lose run jump swim sleep dream think know
believe remember forget learn teach read write speak listen look see hear smell taste touch feel love hate
hope fear laugh cry smile big small long short high low fast slow hot cold warm old young early late easy
hard soft loud quiet clean dirty empty full rich poor strong weak true false right wrong same different keep
put take bring send buy sell pay cost build break open close begin end start stop where when why who how
which because although however therefore maybe perhaps always never often sometimes here there everywhere
nothing everything someone anyone about above under between behind beside through across against during
before after since until while with without inside outside robot software python code data server network
password account website app bonjour merci monde rouge chaussures sac maison hola gracias mundo zapatos rojo
casa danke bitte schuhe haus rot ciao grazie scarpe rosso olá obrigado sapatos vermelho tak hej skor dom
praca
""")
WORDS_ZH = _split("""
我们 你们 他们 昨天 早上 晚上 中午 医生 老师 学生 公司 家里 房子 窗户 门 床 椅子 灯 杯子 碗 筷子 米饭 面条 面包 牛奶 咖啡店 茶 水果 香蕉 西瓜 蔬菜 鸡蛋 鱼 鸟 马
树 草 太阳 月亮 星星 天空 大海 河 湖 森林 农村 公园 超市 医院 银行 邮局 机场 车站 地铁 公交车 出租车 船 唱歌 跳舞 画画 看书 写字 睡觉 起床 学习 考试 作业 问 回答 知道
觉得 认为 希望 高兴 难过 生气 害怕 大 小 高 低 快 慢 多 少 新 旧 冷 热 真好 真的 真是 为什么 怎么 哪里 谁 因为 所以 但是 如果 虽然 已经 还是 也许 铅笔
盒子 键盘 屏幕 相机 软件 密码 网站 机器人 数据 世界 国家 语言 历史 数学 科学 故事 新闻 生活 爱 梦
""")
"""Common words that say nothing about a product; those that are in the schema are left out when prompts are made."""
SCRIPTS = (
    "абвгдежзиклмнопрстуфхцчшыэюя",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "가나다라마바사아자차카타파하고노도로모보소",
    "あいうえおかきくけこさしすせそたちつてと",
    "アイウエオカキクケコサシスセソタチツテト",
    "กขคงจฉชซญดตถทนบปพมยรลวสหอ",
    "अआइईउऊएकखगघचछजझटठडतथदधनपफबमयरलवशसह",
)
NEGATIONS = (
    "not {}", "not {}", "no {}", "without {}", "anything but {}", "except {}", "non-{}", "but not {}", "not in {}", "never {}",
    "i don't want {}", "isn't {}", "that isn't {}", "which is not {}", "not really {}", "i hate {}", "avoid {}", "other than {}",
    "instead of {}", "definitely not {}", "everything except {}", "anything except {}", "no more {}", "please no {}", "not too {}",
    "i don't like {}", "do not make it {}", "aren't {}", "shouldn't be {}", "must not be {}", "neither {}", "rather than {}",
)  # fmt: skip
NEGATIONS_ZH = (
    "不要{}的", "不要{}", "不要{}", "不是{}的", "不是{}", "非{}", "除了{}", "除了{}都行", "别要{}", "不喜欢{}", "不想要{}的", "讨厌{}",
    "不能是{}", "别给我{}的", "不{}", "别是{}", "没有{}", "避免{}", "无{}", "千万别{}", "除{}外",
)  # fmt: skip
FORMS: dict[str, tuple[str, ...]] = {
    "colour": (
        "in {}",
        "in {}",
        "coloured {}",
        "colour: {}",
        "in a {} shade",
        "that are {}",
        "which is {}",
        "{} ones",
        "with a {} finish",
        ", {}",
        ", {}",
        ", {} please",
        "{}",
    ),
    "pattern": ("with {} pattern", "with a {} design", "{} all over", "that are {}", "pattern: {}"),
    "material": (
        "made of {}",
        "made from {}",
        "in {}",
        "of {}",
        "out of {}",
        "with {} upper",
        "material: {}",
        ", {}",
        "{}",
    ),
    "usage": (
        "for {} use",
        "suitable for {}",
        "for {}",
        "for {} occasions",
        "to wear for {}",
        "that look {}",
    ),
    "audience": ("for {}", "for {}", "made for {}", "suitable for {}", "to give to {}"),
    "season": ("for {}", "for the {}", "to wear in {}", "for {} weather", "this {}", "{} collection"),
    "price": ("that are {}", "but {}", "{} ones", "at a {} price", "something {}"),
}
"""What may follow the product; the bare word in front of it is always possible."""
FORMS_ZH: dict[str, tuple[str, ...]] = {
    "colour": ("颜色要{}", "要{}的", "{}", "，{}", " {}", "，{}的", "最好是{}", "颜色：{}"),
    "pattern": ("带{}图案", "要{}的", "，{}", "有{}"),
    "material": ("{}材质", "{}做的", "，材质{}", "要{}的"),
    "usage": ("，{}用", "适合{}", "{}时用", "，{}场合"),
    "audience": ("给{}", "送{}", "适合{}", "{}用", "，{}穿"),
    "season": ("适合{}", "{}穿", "，{}用", "{}季节"),
    "price": ("，{}一点", "要{}的", "，{}"),
}
EMOJI = "😀🔥👟✨❤️🎁👜⌚🕶️👠💯🙏"
TRADITIONAL = str.maketrans(
    "红蓝绿黄银鞋裤衬带钱包双项链镜阳围领凉运动鳄丝绸绒纹图无单纯条点动迷绣编织真仿级贵价宜实惠闲业务装对会传统旅儿男孙妈给适节复军橄榄杂钉戒",
    "紅藍綠黃銀鞋褲襯帶錢包雙項鏈鏡陽圍領涼運動鱷絲綢絨紋圖無單純條點動迷繡編織真仿級貴價宜實惠閒業務裝對會傳統旅兒男孫媽給適節復軍橄欖雜釘戒",
)
