"""The systems and their topics in Chinese, by the terms of Chinese textbooks.

What a builder says in English is its docstring. Its Chinese stands in a table of texts, where the
notation is that of the docstring.
"""

from __future__ import annotations

from symgraph.zoo.chinese import networks, sequences

__all__ = ["TEXTS", "TOPICS"]

TOPICS = {
    "what a derivative is": "导数的含义",
    "features": "特征",
    "losses": "损失函数",
    "activation functions": "激活函数",
    "feedforward networks": "前馈神经网络",
    "unit by unit": "逐个单元的网络",
    "update rules": "学习规则",
    "deep networks": "深度网络",
    "convolution": "卷积神经网络",
    "recurrent networks": "循环神经网络",
    "gates": "门控循环网络",
    "Boltzmann machines": "玻尔兹曼机",
    "letters and sentences": "字符与句子",
    "attention": "注意力机制",
    "word vectors": "词向量",
}


def _read(table: str) -> dict[str, str]:
    """The texts by name: a name begins a line, and its text is indented below it."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in table.strip().splitlines():
        if line and not line.startswith(" "):
            lines = found.setdefault(line, [])
        else:
            lines.append(line[4:])
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


#: What each system is, as its docstring says it: a title, what is to be known, the variables.
TEXTS = _read(networks.TEXTS) | _read(sequences.TEXTS)
