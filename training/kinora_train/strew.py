"""Words as people use them that tell of nothing the world shows, strewn into captions.

A network that never met such words takes them for whatever its captions say rarely: a style, another animal. Strewn over captions
of every kind they come to mean nothing.
"""

import re

WORDS = {
    "en": (
        "beautiful cute majestic tiny gentle brave lonely happy curious wild elegant lovely magnificent mysterious peaceful fluffy graceful "
        "slowly quietly gracefully suddenly calmly playfully gently proudly lazily softly carefully happily "
        "alone together again while because towards among between near behind its their every some another "
        "searching watching listening looking enjoying exploring wandering surveying dreaming waiting "
        "family friends kingdom journey morning moment world nature story adventure home silence beauty"
    ).split(),
    "zh": (
        "美丽的 可爱的 壮观的 小小的 温柔的 勇敢的 孤独的 快乐的 好奇的 优雅的 神秘的 宁静的 毛茸茸的 慢慢地 静静地 悠闲地 忽然 轻轻地 骄傲地 "
        "小心地 独自 一起 再次 仿佛 正在 似乎 一边 寻找 观察 聆听 享受 探索 徘徊 等待 家人 朋友 旅程 时光 世界 大自然 故事 家园 寂静"
    ).split(),
}

PHRASES = {
    "en": [
        "cinematic lighting", "highly detailed", "4k", "8k", "masterpiece", "best quality",
        "soft light", "volumetric light", "shallow depth of field", "bokeh", "35mm lens", "slow motion", "natural motion and fine detail",
        "rich texture and true colours", "dreamy mood", "epic composition", "a quiet moment", "award-winning documentary",
        "hard light and long shadows", "warm side light", "sharp focus", "vivid colours",
    ],
    "zh": [
        "电影级光线", "细节丰富", "高清", "超高清", "杰作", "最佳质量", "柔和的光线", "体积光", "浅景深", "慢动作", "动作自然",
        "质感丰富", "色彩真实", "梦幻氛围", "史诗构图", "安静的一刻", "获奖纪录片", "硬光与长长的影子", "温暖的侧光", "色彩鲜艳",
    ],
}  # fmt: skip


def strew(caption, language, rng):
    """The caption with up to three words in it and up to two phrases around it."""
    pick = lambda table: table[language][int(rng.integers(len(table[language])))]  # noqa: E731
    space, comma = (" ", ", ") if language == "en" else ("", "，")
    parts = caption.split(" ") if language == "en" else re.split("(?=在)|(?<=，)", caption)
    for _ in range(int(rng.integers(4))):
        parts.insert(int(rng.integers(len(parts))), pick(WORDS))
    text = space.join(parts)
    for _ in range(int(rng.integers(3))):
        phrase = pick(PHRASES)
        text = f"{phrase}{comma}{text}" if rng.random() < 0.3 else f"{text.rstrip('.。')}{comma}{phrase}"
    return text
