"""What tables and plots of phenomena say, in Chinese.

Names that the user gave, and notation, stay as they are.
"""

from __future__ import annotations

from symgraph.catalogue import Catalogue, translated

__all__ = ["in_chinese"]

_SENTENCES: Catalogue = (
    (r"(‖.*‖) after L layers", "L 层之后的 {0}"),
    (r"(‖.*‖) along the cell and along all ways", "{0}：沿细胞状态与沿所有路径"),
    (r"Decision lines (.*)", "决策线 {0}"),
    (r"(.*): the gradient is 0\.", "{0}：梯度为 0。"),
    (r"(.*): the gradient stays at (.*)\.", "{0}：梯度保持在 {1}。"),
    (
        (
            r"(.*): the gradient (?P<does>vanishes|explodes)(?P<how> slowly)?, "
            r"by a factor of (?P<by>.*) a (?P<unit>layer|step) at the end\."
        ),
        "{0}：梯度{how}{does}，末端每{unit}的因子为 {by}。",
    ),
    (r"(.*): the smallest loss after (.*) steps\.", "{0}：{1} 步之后损失最小。"),
    (
        r"The gradient is longest, (.*), at (.*); its median is (.*)\.",
        "梯度在 {1} 处最长，长度为 {0}；其中位数为 {2}。",
    ),
    (r"(.*) numbers in (\d+) parameters?\.", "{1} 个参数，共 {0} 个数。"),
    (
        r"The product is (.*) of what the norms of the steps allow\.",
        "乘积是各步范数所允许的上界的 {0} 倍。",
    ),
    (r"along (.*)", "沿 {0}"),
    (r"(.*) at most", "{0} 的上界"),
)
_WORDS = {
    "Active units": "激活的单元",
    "Error surface": "误差曲面",
    "Largest error of a piecewise linear network": "分段线性网络的最大误差",
    "Linear pieces": "线性段",
    "Optimizers from the same start": "从同一起点出发的各种优化器",
    "Parameters": "参数",
    "Parameters of networks": "各网络的参数",
    "Spectral norms of the steps, and of their product": "各步的谱范数及其乘积的谱范数",
    "Truth table": "真值表",
    " slowly": "缓慢地",
    "active": "激活",
    "all ways": "所有路径",
    "at": "位置",
    "dead": "死单元",
    "difference": "差",
    "entries": "元素数",
    "error": "误差",
    "explodes": "爆炸",
    "fraction": "比例",
    "from": "起点",
    "intercept": "截距",
    "layer": "层",
    "longest gradient": "梯度最长处",
    "loss": "损失",
    "name": "名称",
    "network": "网络",
    "no gradient": "梯度为 0",
    "norm": "范数",
    "numbers": "个数",
    "optimizer": "优化器",
    "parameters": "参数数目",
    "product of ‖steps‖": "各步范数之积",
    "shape": "形状",
    "slope": "斜率",
    "slope 0": "斜率为 0 的比例",
    "step": "步",
    "target": "目标函数",
    "to": "终点",
    "unit": "单元",
    "vanishes": "消失",
    "|grad|": "|梯度|",
    "‖product of steps‖": "‖各步之积‖",
    "‖step‖": "‖单步‖",
}


def in_chinese(text: str) -> str:
    """A title, the name of a column, a note or a label in Chinese; others stay as they are.

    >>> in_chinese("σ: the gradient vanishes, by a factor of 0.25 a layer at the end.")
    'σ：梯度消失，末端每层的因子为 0.25。'
    """
    known = _WORDS.get(text)
    return known if known is not None else translated(text, _SENTENCES, _WORDS) or text
