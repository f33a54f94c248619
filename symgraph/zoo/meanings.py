"""What the options of the systems mean, in English and Chinese.

An option of one name means the same in every system, unless a line names the system too.
"""

from __future__ import annotations

__all__ = ["meaning"]

_MEANINGS: dict[str, tuple[str, str]] = {
    "below": ("units of the layer below", "下层的单元数"),
    "blocks": ("residual blocks", "残差块的个数"),
    "borders": ("the bins, each without its borders", "各个箱的两端（不含端点）"),
    "centre": ("what light in the centre switches the cell", "中心受光使细胞兴奋还是抑制"),
    "classes": ("classes", "类别数"),
    "condition": ("the condition number", "条件数"),
    "context": ("words around the one in the middle", "上下文的词数"),
    "count": ("times", "时刻数"),
    "coupled": ("1 - f in the place of the input gate", "用 1 - f 代替输入门"),
    "degree": ("the largest degree", "最高次数"),
    "depth": ("layers", "层数"),
    "dropout": ("the share that is left out in training", "训练时随机失活的比例"),
    "embedding": ("entries of a word's vector", "词向量的维数"),
    "epsilon": ("what keeps the root away from 0", "加在方差上、使根号不为 0 的小数"),
    "factors": ("factors of the code", "潜在因子的个数"),
    "features": ("entries of the feature vector", "特征的个数"),
    "first": ("units of the first hidden layer", "第一个隐藏层的单元数"),
    "from_zero": ("the first state is 0 and no variable", "初始状态恒为 0，不是变量"),
    "function": ("the function of a unit", "单元的激活函数"),
    "functions": ("those of the hidden and of the output layer", "隐藏层与输出层的激活函数"),
    "heads": ("heads of attention", "注意力的头数"),
    "hidden": ("units of the hidden layer", "隐藏单元数"),
    "inputs": ("inputs", "输入的个数"),
    "keeps": ("the factor of the state before", "上一状态的系数"),
    "kernel": ("the side of the kernel", "卷积核的边长"),
    "keys": ("keys, and values", "键（与值）的个数"),
    "layers": ("layers, one above the other", "层数"),
    "length": ("words of a text", "文本的词数"),
    "letters": ("letters of the alphabet", "字母表的大小"),
    "maps": ("feature maps", "特征图的个数"),
    "mode": ("what of the times has an input, and what an output", "哪些时刻有输入，哪些有输出"),
    "negatives": ("words drawn for a word", "每个词的负样本数"),
    "offset": ("½ is taken off before the sign", "取符号前减去 ½"),
    "operation": ("the operation", "运算"),
    "order": ("what is joined first: state or input", "拼接的次序：状态在前或输入在前"),
    "outputs": ("outputs", "输出的个数"),
    "peepholes": ("the gates that see the cell", "看到细胞状态的门"),
    "pieces": ("linear functions", "线性函数的个数"),
    "queries": ("queries", "查询的个数"),
    "rate": ("the learning rate η", "学习率 η"),
    "residual": ("whether there are residual connections", "是否有残差连接"),
    "sampled": ("whether hidden units are drawn at random", "隐藏单元是否随机抽样"),
    "second": ("units of the second hidden layer", "第二个隐藏层的单元数"),
    "sequential": ("the order of the lecture: new weights first", "课程的顺序：先更新权重"),
    "size": ("the side of the image", "图像的边长"),
    "sizes": ("the sizes of the layers", "各层的尺寸"),
    "slope": ("the slope below 0", "负半轴的斜率"),
    "source": ("words that are read", "源序列的长度"),
    "steps": ("steps in time", "时间步数"),
    "streams": ("texts side by side", "并行读入的文本段数"),
    "symbols": ("symbols of the alphabet", "字符表的大小"),
    "tags": ("tags", "标签的种类数"),
    "target": ("words that are written", "目标序列的长度"),
    "third": ("units of the third hidden layer", "第三个隐藏层的单元数"),
    "threshold": ("the threshold T", "阈值 T"),
    "through": ("whether gradients pass the deviation", "梯度是否流经标准差"),
    "tied": ("whether decoders use the encoders' weights", "解码器是否与编码器共用权重"),
    "unit": ("the function that decides", "作判断的函数"),
    "variables": ("variables", "变量的个数"),
    "visible": ("visible units", "可见单元数"),
    "widths": ("the widths of the kernels, in words", "各卷积核的宽度（词数）"),
    "window": ("the side of the window", "窗口的边长"),
    "words": ("words of the vocabulary", "词表的大小"),
    "cbow.features": ("entries of a word's vector", "词向量的维数"),
    "cbow-lookup.features": ("entries of a word's vector", "词向量的维数"),
    "cbow-negative.features": ("entries of a word's vector", "词向量的维数"),
    "cbow-vectors.features": ("entries of a word's vector", "词向量的维数"),
    "gate.size": ("entries of the vector", "向量的维数"),
    "power.length": ("outputs in a row", "输出的个数"),
    "shared-weights.kernel": ("shared weights", "共享权重的个数"),
    "shared-weights.size": ("inputs", "输入的个数"),
}


def meaning(system: str, option: str, chinese: bool) -> str:
    """What an option of a system means.

    >>> meaning("lstm", "hidden", chinese=False), meaning("lstm", "hidden", chinese=True)
    ('units of the hidden layer', '隐藏单元数')
    """
    found = _MEANINGS.get(f"{system}.{option}") or _MEANINGS[option]
    return found[chinese]
