"""The figures of the lectures: each is drawn by one command.

A figure begins with the row in the list of the lectures (deck and number) and what is seen, in
English and Chinese; its command line follows, in which `{}` is the file.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FIGURES", "Figure"]

_TABLE = """
S0-10 | linear subproblems of the two cars | 两车问题的线性子问题
    draw zoo:two-cars-net,unit=step {} --style layers
S0-12 | sigmoid, tanh and rectifier with their derivatives | sigmoid、tanh、ReLU 及其导数
    plot sigmoid tanh relu {} --range -4,4
S0-14 | score of three features | 三个特征的得分
    draw zoo:score,function=φ {} --style layers
S0-15 | activated linear function, one unit | 激活的线性函数（一个单元）
    draw zoo:activated-score,function=φ {} --style layers
S0-15 | activated linear function, sum and σ apart | 激活的线性函数（求和与 σ 分开）
    draw zoo:activated-score,function=φ {} --style layers --split
S0-16 | network of the two cars | 两车问题的神经网络
    draw zoo:two-cars-net {} --style layers
S0-18 | derivative as sensitivity: any function | 导数即敏感度：一般函数
    draw "out = function(in1, in2, in3)" {} --function function
S0-18 | derivative as sensitivity: 2 in₁ + in₂ in₃ | 导数即敏感度：2 in₁ + in₂ in₃
    draw zoo:sensitivity {} --collapse out --labels both --values '{"in1": 1, "in2": 2, "in3":
    3}'
S0-19 | building block + | 基本运算 +
    draw 'zoo:building-block,operation=+' {}
S0-19 | building block - | 基本运算 -
    draw 'zoo:building-block,operation=-' {}
S0-19 | building block * | 基本运算 *
    draw 'zoo:building-block,operation=*' {}
S0-19 | building block max | 基本运算 max
    draw 'zoo:building-block,operation=max' {}
S0-19 | building block σ | 基本运算 σ
    draw 'zoo:building-block,operation=σ' {}
S0-19 | building block square | 基本运算 square
    draw 'zoo:building-block,operation=square' {}
S0-20 | derivative of a composition | 复合函数的导数
    draw zoo:composition {} --labels both --path in --values '{"in": 0.7}'
S0-21 | hinge loss | 合页损失
    draw zoo:hinge {} --tree
S0-21 | hinge loss with numbers | 合页损失的数值
    draw zoo:hinge {} --tree --labels both --values '{"W": [1, 2], "φ(x)": [2, -1], "y": 1}'
S0-22 | squared loss | 平方损失
    draw zoo:squared {}
S0-23 | two-layer network with squared loss | 两层网络的平方损失
    draw zoo:two-layer {} --tree
S0-23 | the same, φ(x) drawn once | 同一网络，φ(x) 只画一次
    draw zoo:two-layer {}
S0-24 | forward and backward values | 前向值与反向值
    draw zoo:two-layer {} --tree --labels both --values '{"φ(x)": [1, 2], "v1": [0.5, -0.25],
    "v2": [-0.5, 0.75], "w1": 1, "w2": -2, "y": 1}'
S0-26 | a shared node: the sum over its paths | 共享节点：对路径求和
    draw zoo:x-sigma-x {} --labels both --paths x --values '{"x": 3}'
S0-30 | deep network | 深度网络
    draw zoo:dense,inputs=5,hidden=3,outputs=2 {} --style layers --bias none
S0-30 | autoencoders trained one after the other | 逐层预训练的自编码器
    draw zoo:autoencoders {} --style blocks
S0-35 | convolution kernel | 卷积核
    draw zoo:conv-layer {} --style window --values '{"X":
    [[1,1,1,0,0],[0,1,1,1,0],[0,0,1,1,1],[0,0,1,1,0],[0,1,1,0,0]], "K":
    [[1,0,1],[0,1,0],[1,0,1]]}'
S0-36 | response of a curve filter | 曲线滤波器的响应
    draw zoo:conv-layer,size=7,kernel=7 {} --style window --digits 4 --values '{"X":
    [[0,0,0,0,0,0,30], [0,0,0,0,50,50,50], [0,0,0,20,50,0,0], [0,0,0,50,50,0,0],
    [0,0,0,50,50,0,0], [0,0,0,50,50,0,0], [0,0,0,50,50,0,0]],
    "K":
    [[0,0,0,0,0,30,0], [0,0,0,0,30,0,0], [0,0,0,30,0,0,0], [0,0,0,30,0,0,0], [0,0,0,30,0,0,0],
    [0,0,0,30,0,0,0], [0,0,0,0,0,0,0]]}'
S0-38 | max pooling | 最大池化
    draw zoo:max-pool,size=4,window=2 {} --style window --values '{"A":
    [[1,1,2,4],[5,6,7,8],[3,2,1,0],[1,2,3,4]]}'
S0-38 | mean pooling | 平均池化
    draw zoo:mean-pool,size=4,window=2 {} --style window --values '{"A":
    [[1,1,2,4],[5,6,7,8],[3,2,1,0],[1,2,3,4]]}'
S0-39 | convolutional classifier: feature maps | 卷积分类器：特征图
    draw zoo:conv-classifier {} --style maps
S0-39 | convolutional classifier: layers | 卷积分类器：各层
    draw zoo:conv-classifier {} --style blocks
S0-40 | recurrent network, rolled | 循环神经网络（折叠）
    draw zoo:sequence-classifier {} --style rolled
S0-40 | recurrent network, three times | 循环神经网络（展开三步）
    draw zoo:sequence-classifier {} --style timeline --steps 3
S0-40 | recurrent network, any number of times | 循环神经网络（任意步）
    draw zoo:sequence-classifier {} --style timeline
S0-43 | LSTM cell | LSTM 细胞
    draw zoo:lstm {} --style cell
S0-45 | a gate | 门
    draw "y = sigmoid(a) * c" {} --shape a=n c=n
S0-46 | LSTM: forget | LSTM：遗忘门
    draw zoo:lstm {} --style cell --step 1
S0-47 | LSTM: what is new | LSTM：输入门与候选值
    draw zoo:lstm {} --style cell --step 2
S0-48 | LSTM: update | LSTM：更新细胞状态
    draw zoo:lstm {} --style cell --step 3
S0-49 | LSTM: output | LSTM：输出门
    draw zoo:lstm {} --style cell --step 4
S0-49 | LSTM over three times | LSTM 展开三步
    draw zoo:lstm {} --style timeline --steps 3
S0-50 | LSTM with peepholes | 带窥视孔的 LSTM
    draw zoo:lstm,peepholes=fio {} --style cell
S0-51 | LSTM with coupled gates | 耦合遗忘门与输入门的 LSTM
    draw zoo:lstm,coupled=yes {} --style cell
S0-52 | GRU | GRU
    draw zoo:gru {} --style cell
S0-52 | GRU, z swapped | GRU（z 互换）
    draw zoo:gru,keeps=z {} --style cell
S1-03 | five modes of inputs and outputs | 输入与输出的五种方式
    draw {} --style modes
S1-05 | backpropagation through time | 随时间反向传播
    draw zoo:rnn {} --style timeline --detail ops --steps 3
S1-05 | one way back through time, with its product | 沿时间反向的一条路径及其乘积
    draw zoo:rnn {} --style timeline --detail ops --steps 3 --path W 1
S1-05 | backpropagation through time, a loss at every time | 随时间反向传播（每步有损失）
    draw zoo:sequence-classifier {} --style timeline --detail ops --steps 3
S2-01 | standard RNN, repeated | 标准 RNN 的重复模块
    draw zoo:rnn {} --style cell --repeat 3
S2-01 | LSTM, repeated | LSTM 的重复模块
    draw zoo:lstm {} --style cell --repeat 3
S2-02 | LSTM cell and its legend | LSTM 细胞及图例
    draw zoo:lstm {} --style cell
S2-03 | the cell state as a conveyor belt | 细胞状态如同传送带
    draw zoo:lstm {} --style cell --repeat 3 --highlight C
S2-04 | LSTM, step 1 | LSTM 第 1 步
    draw zoo:lstm {} --style cell --step 1
S2-04 | LSTM, step 2 | LSTM 第 2 步
    draw zoo:lstm {} --style cell --step 2
S2-04 | LSTM, step 3 | LSTM 第 3 步
    draw zoo:lstm {} --style cell --step 3
S2-04 | LSTM, step 4 | LSTM 第 4 步
    draw zoo:lstm {} --style cell --step 4
S2-05 | along the belt the derivative is the product of the gates | 沿传送带的导数是门之积
    draw zoo:lstm {} --style cell --repeat 2 --highlight C
S2-06 | coupled gates | 耦合的门
    draw zoo:lstm,coupled=yes {} --style cell
S2-07 | GRU: reset and update | GRU：重置门与更新门
    draw zoo:gru {} --style cell
S2-08 | LSTM beside GRU | LSTM 与 GRU 对比
    draw zoo:lstm {} --and zoo:gru --style cell
S3-03 | error surface with a wall | 带陡壁的误差曲面
    plot zoo:wall {} --range w=0,6 b=-4,1
S3-05 | 2-3-1 network | 2-3-1 网络
    draw zoo:two-three-one {} --style layers
S3-07 | an open gate passes | 打开的门：通过
    draw "y = sigmoid(a) c" {} --labels both --values '{"a": 10, "c": 0.5}'
S3-07 | a closed gate blocks | 关闭的门：阻断
    draw "y = sigmoid(a) c" {} --labels both --values '{"a": -10, "c": 0.5}'
S4-03 | McCulloch–Pitts unit: AND | McCulloch–Pitts 单元：与
    draw zoo:mcculloch-pitts,threshold=1.5 {} --style layers
S4-03 | McCulloch–Pitts unit: OR | McCulloch–Pitts 单元：或
    draw zoo:mcculloch-pitts,threshold=0.5 {} --style layers
S4-08 | XOR with two hidden units | 异或：两个隐藏单元
    draw zoo:xor {} --style layers
S4-08 | XOR with a connection past the hidden unit | 异或：跨层连接
    draw zoo:xor-skip {} --style layers
S4-09 | three decision lines | 三条决策线
    draw zoo:triangle {} --style layers --values '{"x1": 0.2, "x2": 0.2}'
S4-09 | each hidden unit is one border | 每个隐藏单元是一条边界
    plot zoo:triangle {} --range x1=-0.5,1.5 x2=-0.5,1.5
S4-13 | six rectifiers | 六个 ReLU
    draw zoo:six-relus {} --style layers
S4-13 | six rectifiers approximate a cubic | 六个 ReLU 逼近三次函数
    plot zoo:six-relus "x^3 + x^2 - x - 1" {} --range x=-2,2 --no-derivative
S4-15 | feedforward network | 前馈网络
    draw zoo:feedforward {} --style layers
S4-19 | 2-3-2 network with Greek names | 希腊字母命名的 2-3-2 网络
    draw zoo:named-units {} --style layers
S4-20 | worked example: weights | 算例：权重
    draw zoo:worked-example {} --style layers
S4-20 | worked example: forward and backward values | 算例：前向值与反向值
    draw zoo:worked-example {} --tree --hide constants --labels numeric
    --values '{"A": 0.35, "B": 0.9, "w1": 0.3, "w2": 0.9, "w3": 0.1, "w4": 0.8, "w5": 0.4,
    "w6": 0.6, "t": 0.5}'
S4-23 | a small network of tanh units | tanh 单元小网络
    draw zoo:feedforward,inputs=2,outputs=1 {} --style layers --labels none
S4-29 | activation functions with their derivatives | 激活函数及其导数
    plot sigmoid tanh relu softplus "leaky_relu(x, 0.1)" elu {} --range -4,4
S4-30 | only active paths carry signal and gradient | 只有激活的路径传递信号与梯度
    draw zoo:six-relus {} --style layers --values '{"x": 0.3}'
S4-30 | margin above 1: the path to W is dead | 间隔大于 1：到 W 的路径梯度为零
    draw zoo:hinge {} --tree --labels both --values '{"W": [3, 1], "φ(x)": [2, -1], "y": 1}'
S4-37 | residual block | 残差块
    draw zoo:residual-block {} --style blocks --direction BT
S4-38 | chain of residual blocks | 残差块链
    draw zoo:residual-chain {} --style blocks --no-sizes
S4-42 | restricted Boltzmann machine | 受限玻尔兹曼机
    draw zoo:rbm {} --style bipartite
S4-43 | deep belief network | 深度信念网络
    draw zoo:dbn {} --style bipartite
S4-44 | autoencoders, stacked | 堆叠自编码器
    draw zoo:autoencoders,inputs=8,first=4,second=2 {} --style blocks
S4-45 | linear autoencoder with two factors | 两个潜在因子的线性自编码器
    draw "z = W x; y = V z" {} --shape W=2,4 V=4,2 x=4 --wrt W V --style layers
S4-48 | dropout | Dropout
    draw zoo:dropout {} --style layers --values '{"x": [0.5,-1], "m": [1,0,1,0], "W1":
    [[0,1.2],[1,-0.6],[-1,-0.2],[-0.8,-0.2]], "W2": [[1,-0.2,-0.2,1]]}'
S4-50 | shared weights | 共享权重
    draw zoo:shared-weights {} --style layers
S4-50 | shared weights with numbers | 共享权重的数值
    draw zoo:shared-weights {} --style window --values '{"x": [1,2,3,4,5], "w": [1,0,-1]}'
S4-51 | convolution at 1, 1 | 卷积：第 1 行第 1 列
    draw zoo:conv-layer {} --style window --step 0 0 --values '{"X":
    [[1,1,1,0,0],[0,1,1,1,0],[0,0,1,1,1],[0,0,1,1,0],[0,1,1,0,0]], "K":
    [[1,0,1],[0,1,0],[1,0,1]]}'
S4-51 | convolution at 2, 2 | 卷积：第 2 行第 2 列
    draw zoo:conv-layer {} --style window --step 1 1 --values '{"X":
    [[1,1,1,0,0],[0,1,1,1,0],[0,0,1,1,1],[0,0,1,1,0],[0,1,1,0,0]], "K":
    [[1,0,1],[0,1,0],[1,0,1]]}'
S4-51 | convolution at 3, 3 | 卷积：第 3 行第 3 列
    draw zoo:conv-layer {} --style window --step 2 2 --values '{"X":
    [[1,1,1,0,0],[0,1,1,1,0],[0,0,1,1,1],[0,0,1,1,0],[0,1,1,0,0]], "K":
    [[1,0,1],[0,1,0],[1,0,1]]}'
S4-52 | convolution layer with three filters | 三个滤波器的卷积层
    draw zoo:conv-classifier,size=10,maps=3 {} --style maps
S4-53 | pooling: maximum | 池化：最大值
    draw zoo:max-pool,size=4,window=2 {} --style window --values '{"A":
    [[1,1,2,4],[5,6,7,8],[3,2,1,0],[1,2,3,4]]}'
S4-53 | pooling: mean | 池化：平均值
    draw zoo:mean-pool,size=4,window=2 {} --style window --values '{"A":
    [[1,1,2,4],[5,6,7,8],[3,2,1,0],[1,2,3,4]]}'
S4-54 | network for handwritten digits | 手写数字识别网络
    draw zoo:digits {} --style maps
S4-55 | convolution over words | 文本卷积
    draw zoo:text-classifier {} --style maps
S4-57 | how often each parameter is used | 各参数的使用次数
    draw zoo:rnn-h,from_zero=yes {} --style timeline --detail ops --steps 3 --uses
S4-58 | mode 1-1 | 方式 1-1
    draw '1-1' {} --style modes
S4-58 | mode 1-n | 方式 1-n
    draw '1-n' {} --style modes
S4-58 | mode n-1 | 方式 n-1
    draw 'n-1' {} --style modes
S4-58 | mode n-n delayed | 方式 n-n delayed
    draw 'n-n delayed' {} --style modes
S4-58 | mode n-n | 方式 n-n
    draw 'n-n' {} --style modes
S4-60 | encoder and decoder | 编码器与解码器
    draw zoo:encoder-decoder {} --style timeline --steps 3
S4-64 | LSTM in row vectors | 行向量形式的 LSTM
    draw zoo:lstm-row {} --style cell
S4-65 | simple cell beside LSTM cell | 简单细胞与 LSTM 细胞
    draw zoo:rnn-row {} --and zoo:lstm-row --style cell
S4-66 | how an LSTM works, step 1 | LSTM 工作原理
    draw zoo:lstm-row {} --style cell --step 1
S4-67 | CBOW | CBOW
    draw zoo:cbow {} --hide constants
S4-67 | CBOW as layers | CBOW 的各层
    draw zoo:cbow {} --style blocks
S4-71 | Elman network as a language model | Elman 语言模型
    draw zoo:elman {} --style rolled
S4-71 | Elman network over time | Elman 网络展开
    draw zoo:elman {} --style timeline --steps 3
S4-72 | bidirectional network | 双向循环网络
    draw zoo:bidirectional {} --style timeline --steps 3
S4-73 | image caption: the image enters once | 图像描述：图像只在开始输入
    draw zoo:captioning {} --style timeline --steps 3
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its row, the name of its file without suffix, titles, and its command."""

    row: str
    name: str
    title: str
    title_zh: str
    command: str

    @property
    def is_drawn(self) -> bool:
        """Whether it has a theme, which plots have not."""
        return self.command.startswith("draw ")

    def line(self, file: str, language: str = "en", theme: str = "light") -> str:
        """The command line, behind `symgraph`, as it is typed.

        >>> Figure("S0-21", "S0-21a", "hinge", "", "draw zoo:hinge {} --tree").line("x.svg", "zh")
        'draw zoo:hinge x.svg --tree --language zh'
        """
        language = "" if language == "en" else f" --language {language}"
        theme = "" if theme == "light" or not self.is_drawn else f" --theme {theme}"
        return f"{self.command.replace('{}', file)}{language}{theme}"

    def arguments(self, file: str | Path, language: str = "en", theme: str = "light") -> list[str]:
        """The words of the command line.

        >>> Figure("S0-21", "S0-21a", "hinge", "", "draw zoo:hinge {} --tree").arguments("x y.svg")
        ['draw', 'zoo:hinge', 'x y.svg', '--tree']
        """
        words = shlex.split(self.line("{}", language, theme))
        return [str(file) if word == "{}" else word for word in words]


def _read(table: str) -> tuple[Figure, ...]:
    """The figures of the table; several of one row have letters in their names."""
    found: list[list[str]] = []
    for line in table.strip().splitlines():
        if line.startswith(" "):
            found[-1][3] = f"{found[-1][3]} {line.strip()}".strip()
        else:
            found.append([*(part.strip() for part in line.split("|")), ""])
    of_row = Counter(row for row, *_ in found)
    seen: Counter[str] = Counter()
    figures = []
    for row, title, title_zh, command in found:
        letter = "abcdefghijklmnopqrstuvwxyz"[seen[row]] if of_row[row] > 1 else ""
        seen[row] += 1
        figures.append(Figure(row, row + letter, title, title_zh, command))
    return tuple(figures)


FIGURES = _read(_TABLE)
