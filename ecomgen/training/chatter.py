"""Everyday sentences, idioms and words that assert nothing about a product, in English and Chinese."""

from __future__ import annotations

import random


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


IDIOMS = _lines("""
a black sheep
black magic
in the black market
black and white thinking
a black hole in space
pitch black night
black coffee
a black eye
black tea with milk
in black and white
a white elephant
white noise
white wine
raise the white flag
white christmas
white water rafting
the white cliffs of dover
egg white
a grey day
grey hair
grey wolf
silver screen
born with a silver spoon
silver medal
silver jubilee
gold medal
the golden rule
golden retriever
gold mine
the golden gate bridge
good as gold
golden hour
bronze age
bronze medal
brown bread
brown rice
brown bear
brown sugar
coffee break
a cup of coffee
coffee beans
coffee shop
get a tan
sand castle
ice cream
cream of the crop
cream cake
whipped cream
red herring
red wine
red planet
caught red handed
paint the town red
in the red
see red
red cross
red light
red meat
red squirrel
red hot chilli
rusty nail
rust on the car
orange peel
orange tree
compare apples and oranges
peach tree
peach jam
yellow pages
yellow fever
yellow card
yellow submarine
mustard seed
pass the mustard
green light
green tea
green energy
green fingers
green party
the grass is greener
greenhouse
village green
green salad
olive tree
olive branch
blue whale
blue cheese
blue chip stocks
out of the blue
have the blues
blue whale in the ocean
blue sky thinking
into the deep blue sea
navy officer
the navy sailed
purple prose
purple rain
purple heart
lavender field
lavender honey
tickled pink
pink panther
pink slip
pink flamingo
over the rainbow
rose garden
every rose has its thorn
watch your step
watch a film
watching television
keep watch
bird watching
night watch
neighbourhood watch
watch this space
ring a bell
boxing ring
ring the doctor
give me a ring
ring road
key ring
wedding bells are ringing
family ties
tie game
tie up loose ends
my hands are tied
it was a tie
cap it all
bottle cap
salary cap
market cap
keep it under your hat
at the drop of a hat
i take my hat off to you
eat my hat
conveyor belt
bag of tricks
let the cat out of the bag
tea bag
sleeping bag
bean bag
air bag
in the bag
if the shoe fits
wait for the other shoe to drop
a shoestring budget
boot the computer
boot camp
car boot sale
reboot
to boot
the italian boot
kick the bucket
kick off at noon
flip a coin
flip the switch
slip of the tongue
heel of bread
achilles heel
bring to heel
head over heels in love
flat tyre
flat screen
a flat to rent
pump water
petrol pump
heart pumps blood
top secret
top ten songs
mountain top
on top of that
table top
from top to bottom
shirt off his back
keep your shirt on
skirting board
dress rehearsal
dress the wound
salad dressing
short circuit
short of time
in short
cut a long story short
wear the trousers
ants in your pants
jacket potato
book jacket
full metal jacket
coat of paint
sweat it out
don't sweat it
sweater weather
sock puppet
knock your socks off
pull your socks up
polish the table
nail on the head
nail a shelf
hammer and nails
lip service
lip reading
ear to the ground
neck and neck
chain of command
food chain
supply chain
chain reaction
chain saw
locked and chained
studs in the wall
hoop dreams
basketball hoop
glass of water
drinking glasses
window shades
fifty shades
throwing shade
checks and balances
check the oven
check in at the hotel
bank check
checked my email
spot the difference
connect the dots
dot com
print a document
printed the report
flower bed
flower pot
plain english
plain yoghurt
solid ground
solid state physics
army training
cotton candy
cotton wool
steel industry
steel mill
heavy metal music
rubber duck
rubber stamp
rubber plant
canvas tent
silk road
velvet revolution
wool over my eyes
leather sofa
suede sofa
jute mill
linen cupboard
mesh network
nylon rope
spring water
spring onions
hot spring
coil spring
fall down
fall in love
the fall of rome
autumn leaves
winter sleep
winter olympics
summer school
summer camp
holiday inn
business as usual
none of your business
office hours
casual remark
formal complaint
sports news
sport on tv
party politics
search party
third party
boy scout
boy band
girl band
man made
man in the moon
manhole
mankind
woman of the year
ladybird
kid yourself
just kidding
child proof
baby steps
father christmas
mother nature
mother tongue
brother in arms
sister city
uncle sam
cheap flights
cheap talk
budget meeting
the budget deficit
premium petrol
luxury hotel
luxury flat
designer babies
""")
IDIOMS_ZH = _split("""
包括 包含 包围 包裹到了 包装盒 承包 包机 钱花光了 沙包 荷包蛋 包厢 包揽 包办 包子 打包带走 包容 汉堡包 麻包 包你满意 煤气包 针灸包 包吃包住 豆沙包 蒙古包 打包票 包公 鼓包
表示 表现 发表 表明 表面 表演 表达 表决 表情包 表态 仪表盘 地表 列表 表彰 课程表 填表格 时间表 水表 电表 表哥 表妹 表扬
鞋匠 草鞋摊 踏破铁鞋 鞋城 擦鞋 鞋厂招工 帽子戏 衣帽间 笔帽 乌纱帽 戴高帽 螺帽 裤兜 裤裆 开裆 隔靴搔痒 金靴奖 靴子落地
黑暗 黑人 黑夜 黑洞 黑马 黑客 黑熊 黑社会 黑板 黑豆 黑眼圈 黑名单 黑科技 天黑了 黑海 黑龙江 黑米粥 黑胡椒 黑芝麻 乌黑的头发 黑白电影 黑心 黑市 黑土地
白天 空白 白人 明白 坦白 白菜 白酒 白马 白糖 白血病 白宫 白发 白开水 白费 白说 白领 白纸 白银 白杨树 小白兔 洁白的雪 黑白分明 清白 白手起家 白头偕老 白云机场 蛋白质
灰尘 石灰 骨灰 灰烬 灰暗 心灰意冷 灰姑娘 灰太狼 火山灰 烟灰缸 水泥灰 银子 银河 银行卡 银行贷款 银幕 银牌 银杏树 银耳汤 水银 白银价格 银川
资金 金融 基金 黄金价格 金属 金额 奖金 现金 合金 金牌 金星 奖学金 公积金 金鱼 金枪鱼 金庸 淘金 金字塔 金秋 美金 押金 金沙江 金针菇 金毛犬 千金难买
棕榈树 棕熊 褐煤 褐斑 咖啡馆 喝咖啡 咖啡豆 咖喱饭 煮咖啡 咖啡因 大米 玉米 厘米 平方米 小米粥 糯米 爆米花 米线 一百米 米老鼠 海米 虾米 米兰 米酒
红军 红茶 红烧肉 红薯 脸红 红楼梦 红海 红火 红糖 红豆 红旗 红灯 红枣 网红 分红 红利 红薯粉 红十字会 红酒 红人 红绿灯前停车 走红 眼红 红领巾 红娘
橙子 脐橙 甜橙 橙皮 鲜橙 橘子 橘子汁 桃子 桃花 桃树 水蜜桃 柠檬水 芥末 土黄 黄河 黄昏 黄瓜 黄山 黄豆 黄牛 黄油 黄酒 蛋黄 黄色电影 炎黄子孙 面黄肌瘦 黄花菜 黄鱼
绿化 绿豆 绿茶 绿叶 绿地 绿洲 绿灯 绿卡 绿萝 绿皮车 碧绿的湖 绿色能源 绿色食品 绿帽 橄榄油 橄榄球 橄榄枝 蓝牙 蓝天 蓝图 蓝领 蓝莓 蓝鲸 蓝海战略 板蓝根 天蓝的海
紫外线 紫菜 紫薯 紫禁城 紫砂壶 紫荆花 粉丝 面粉 奶粉 花粉 粉笔 粉碎 淀粉 粉刷 洗衣粉 粉红豹 米粉 凉粉 粉末 粉尘 薰衣草田 玫瑰花 玫瑰园 香槟酒 奶油蛋糕 巧克力蛋糕 珊瑚礁
春节 青春 春风 春游 春联 春运 春卷 长春 春秋战国 立春 夏至 夏令营 华夏 夏威夷 宁夏 秋千 中秋节 秋收 千秋 秋后算账 冬瓜 冬至 冬眠 冬奥会 冬虫夏草 冬泳
男篮 男高音 男主角 男厕所 男排 重男轻女 女篮 女排 妇女节 女王 女神 女巫 女高音 女厕所 美女与野兽 儿女情长 子女教育 孩子气 小孩子 儿童节 儿童文学
戒烟 戒酒 戒指甲 环境 环保 循环 环球 花环 五环 环岛 链接 产业链 食物链 锁链 供应链 铁链 自行车链条 眼镜蛇 镜头 镜子 后视镜 望远镜 放大镜 显微镜
领导 领取 领先 领域 领养 红领 领土 带领 带来 一带一路 热带 磁带 胶带 宽带 带路 安全带 领带鱼 海带 传送带 皮球 皮肤 头皮 脸皮 调皮 皮影戏 牛皮癣 吹牛皮 皮蛋
裙带关系 石榴裙 裙带菜 围裙边 衣服架 洗衣机 衣柜 更衣室 蓑衣 衬托 衫树 毛毛雨 毛笔 羽毛球馆 毛巾 棉花糖 棉被 棉签 石棉 麻烦 麻将 麻雀 芝麻 麻辣烫 亚麻籽油
条件 面条 油条 线条 头条 格外 价格表 严格 合格 表格 规格 性格 花园 花生 花费 花钱 烟花 棉花 花样 西兰花 印刷 打印 印象 印度 纹身 皱纹 指纹 动物园 动物 豹子 斑马线
运动会 运动员 体育馆 正式工 正装修 商务部 派对动物 旅行社 旅行团 传统节日 民族团结 休闲农业 高档小区 豪华酒店 豪华车 便宜没好货 平价房 经济学 经济危机 中档酒店 高端局 奢侈税
""")
"""Each holds a character or a word that the schema knows, in another meaning."""

_WHO = _split("i we they you everybody nobody somebody someone people it that this")
_DOES = _lines("""
saw
found
lost
bought
sold
forgot
remember
visited
left
heard about
talked about
thought of
can't stand
really like
want to see
need to fix
will call
read about
finished
started
never had
is waiting for
asked about
paid for
is far from
was near
looks like
dreamt of
worked on
ran past
""")
_WHAT = _split("""
bridge station museum river kitchen garden letter meeting project invoice password website computer phone
camera engine battery bicycle motorbike car bus train ferry ticket passport hotel map castle church market bakery butcher
pharmacy hospital dentist school teacher exam homework novel poem song concert guitar piano violin drum painting statue photo
frame mirror sofa chair table desk lamp carpet curtain pillow blanket mattress oven fridge kettle pan spoon knife fork plate
mug bottle sandwich pizza burger noodles salad soup potato tomato onion carrot apple pear banana grapes melon cake biscuit
chocolate sugar salt pepper oil butter milk yoghurt egg chicken beef pork fish prawn dog cat horse cow sheep goat rabbit
mouse bird eagle owl snake lizard spider bee ant forest tree leaf grass hill mountain valley lake beach island desert sky
cloud rain storm wind fog moon star planet rocket robot satellite laser magnet magazine newspaper radio television
series episode actor singer president minister mayor judge lawyer policeman soldier farmer plumber nurse pilot waiter cook
cousin neighbour colleague customer manager boss team club league score goal penalty referee stadium pitch race marathon
tournament election vote law tax rent loan mortgage insurance salary pension bill receipt refund parcel delivery courier address
postcode street corner roof wall floor ceiling door key lock window stairs lift basement attic garage fence gate
""")
_WHEN = _lines("""
yesterday
last night
tomorrow
on monday
next week
at noon
in the morning
years ago
every day
once
twice a week
in london
in paris
at home
near the station
over there
with a friend
after lunch
before dinner
by accident
again
too late
for no reason
in the rain
on the way home
""")
_QUESTIONS = _lines("""
what time is it
how long does it take
how does this work
can i pay by card
do you take cash
is there free delivery
how much is shipping
can i return it
where can i park
who is in charge
are you a robot
what can you do
tell me a joke
what is the meaning of life
how old are you
do you speak german
why is it so slow
is anyone there
i have a question
it does not work
please help me
i want to talk to a person
can i get a refund
when will it arrive
how do i cancel
what is your phone number
do you have a branch in oxford
is this website safe
thank you so much
see you later
good morning
happy birthday
merry christmas
never mind
just browsing
just looking
no idea
whatever you like
surprise me
anything is fine
""")
_QUESTIONS_ZH = _split("""
几点了 要多久 怎么用 可以刷卡吗 能便宜吗 有发票吗 运费多少 能退吗 怎么付款 在哪里取货 客服在吗 你是机器人吗 你会做什么 讲个笑话 你几岁了 会说英语吗 为什么这么慢 有人吗 我有个问题 打不开了
帮帮我 转人工 我要投诉 什么时候到 怎么取消 电话多少 有实体店吗 安全吗 谢谢啦 再见 早上好 晚安 生日快乐 新年快乐 没事了 只是看看 不知道 你看着办 都行 无所谓 给我惊喜 不想说话 好无聊 今天好累 周末去哪玩
昨天下雨了 晚饭做好了 孩子睡着了吗 作业写完了 路上堵车 手机没电了 电脑坏了 电影很好看 明天要开会吗 在吗 你好呀 收到了 好的 嗯嗯 哦 可以 行 算了 下次吧
""")
_WHO_ZH = _split("我 我们 他 他们 大家 有人 谁 你 你们 同事 邻居 老板 老师 医生 司机")
_DOES_ZH = _split(
    "看见 找到 丢了 买过 卖掉 忘记 记得 去过 离开 听说 谈起 想起 不喜欢 很喜欢 想看 要修 打电话问 读过 做完 开始 没有过 在等 问过 付了 修好 研究 讨论"
)
_WHAT_ZH = _split("""
桥 车站 博物馆 河流 厨房 花坛 信件 会议 项目 发票 密码 网站 电脑 电话 相机 发动机 电池 自行车 摩托车 汽车 公交 火车 轮船 车票 护照 酒店 地图 城堡 教堂 市场 药店 医院 牙医 学校 考试 作业 小说 诗歌 歌曲 音乐会
吉他 钢琴 小提琴 画 雕像 照片 沙发 椅子 桌子 台灯 地毯 窗帘 枕头 毯子 床垫 烤箱 冰箱 水壶 锅 勺子 刀 盘子 杯子 瓶子 三明治 披萨 面条 沙拉 汤 土豆 西红柿 洋葱 胡萝卜 苹果 梨 香蕉 葡萄 西瓜 蛋糕 饼干 糖
盐 油 牛奶 酸奶 鸡蛋 鸡肉 牛肉 猪肉 鱼 虾 狗 猫 马 牛 羊 兔子 鸟 鹰 蛇 蜘蛛 蜜蜂 森林 树 叶子 草地 山 湖 海滩 岛 沙漠 天空 云 雨 风 雾 月亮 星星 火箭 机器人 卫星 杂志 报纸 收音机 电视 演员 歌手 总统 市长
法官 律师 警察 士兵 农民 水管工 护士 飞行员 服务员 厨师 客户 经理 球队 比分 裁判 体育场 比赛 选举 法律 税 房租 贷款 保险 工资 退休金 账单 收据 退款 快递 地址 街道 屋顶 墙 地板 门 钥匙 锁 楼梯 电梯 车库 问题 技术 文化 历史
生产 活动 管理 工业 系统 大学 能力 方法 环境 科技 思想 结果 艺术 科学 精神 新闻 合同 程序 软件 数据 世界 国家 城市 空气 温度 速度 重量 声音 味道
""")
_WHEN_ZH = _split(
    "昨天 昨晚 明天 星期一 下周 中午 早上 几年前 每天 又 在上海 在北京 在家 在路上 午饭后 晚饭前 不小心 刚才 上个月 下雨的时候"
)


def sentence(rng: random.Random, chinese: bool) -> str:
    """A sentence, an idiom or a question about nothing that is sold here."""
    kind = rng.random()
    if chinese:
        if kind < 0.4:
            return rng.choice(IDIOMS_ZH)
        if kind < 0.6:
            return rng.choice(_QUESTIONS_ZH)
        parts = [rng.choice(_WHO_ZH), rng.choice(_WHEN_ZH), rng.choice(_DOES_ZH), rng.choice(_WHAT_ZH)]
        return "".join(parts[rng.choice((0, 0, 2)) :]) + rng.choice(("", "", "吗", "了", "吧"))
    if kind < 0.4:
        return rng.choice(IDIOMS)
    if kind < 0.55:
        return rng.choice(_QUESTIONS)
    what = " ".join(rng.choice(_WHAT) for _ in range(rng.choice((1, 1, 2))))
    if kind < 0.65:
        return what
    place = f" {rng.choice(_WHEN)}" if rng.random() < 0.6 else ""
    return f"{rng.choice(_WHO)} {rng.choice(_DOES)} {rng.choice(('the', 'a', 'my', 'our', 'some'))} {what}{place}"


def thing(rng: random.Random, chinese: bool) -> str:
    """A thing that is not sold here; "red" in front of it says nothing about a product."""
    return rng.choice(_WHAT_ZH if chinese else _WHAT)
