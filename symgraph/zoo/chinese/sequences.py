"""The systems of images, sequences, machines and words in Chinese."""

from __future__ import annotations

__all__ = ["TEXTS"]

#: A name, and indented below it its title and what its builder says.
TEXTS = """
kernel
    卷积核对同样大小图块的响应：逐项乘积之和。

    变量：K 与 X (size, size)。
conv-layer
    卷积层：一个卷积核在图像上移动所得特征图之和。

    变量：X (size, size)，K (kernel, kernel)。
centre-surround
    感受野的中心与周围：X ★ K 之和，K 的中心为 8，周围八个为 -1。

    只有中心受光时细胞兴奋，只有周围受光时抑制，全部受光时不变。`centre`：取 off 时相反，
    K 的中心为 -8，周围八个为 1。
    变量：X (size, size)。
shared-weights
    权重共享：一维特征图之和，每个单元用同样的几个权重。

    变量：x (size,)，w (kernel,)。
max-pool
    最大池化：各窗口最大值之和；窗口可为整幅图像。

    变量：A (size, size)。
mean-pool
    平均池化：各窗口平均值之和；窗口可为整幅图像。

    变量：A (size, size)。
conv-classifier
    卷积分类器：卷积、ReLU、最大池化、全连接，一幅图像的交叉熵。

    变量：X (size, size)，标签 y，K (maps, kernel, kernel)，b_K (maps,)，
    W_f (classes, units) 与 b_f (classes,)。
text-classifier
    文本卷积（TextCNN）：相邻词上的卷积核，时间上的最大值，全连接。

    变量：词编号 ids (length,)，标签 y，E (words, embedding)，对每个宽
    度 n 有 K_n (maps, embedding, n) 与 b_n (maps,)，W_f (classes, features)。
digits
    识别 8x8 手写数字的卷积神经网络。

    两层 3x3 卷积核，各接 ReLU 与 2x2 最大池化，然后是十个类别的得分。
    变量：image ("N", 8, 8)，label ("N",)，K_1、c_1、K_2、c_2、W、b。
lenet
    LeNet-5（28 x 28 图像）：两次卷积与平均池化，三个全连接层。

    6 个 5x5 卷积核的特征图（图像四周补 2），16 个 5x5 卷积核的特征图，然后是 120、84 个单元与各
    类别：十个类别时共 61 706 个权重与偏置。按今天通行的做法，第二层的每个特征图都看到全部六个特
    征图。
    变量：image ("N", 28, 28)，label ("N",)，K_1、c_1、K_2、c_2、W_3、b_3、W_4、b_4、W_5、b_5。
digits-deep
    识别 8x8 手写数字的较深卷积神经网络：全连接层之前用随机失活。

    两层 3x3 卷积核接 ReLU，2x2 最大池化，第三个卷积层，再池化，隐藏单元，十个类别的得分。训练
    时，两个全连接层的输入中有 `dropout` 这么大的一部分被置零。
    变量：image ("N", 8, 8)，label ("N",)，W_conv1、b_conv1、...、W_hidden、b_hidden、W_logits、
    b_logits；training 与 key 由训练循环给出。
rnn
    循环神经网络 s_t = f(U x_t + W s_{t-1})，末状态的误差 E = ½‖s_T - d‖²。

    变量：x (steps, inputs)，s_0 与 d (hidden,)，U (hidden, inputs)，W (hidden, hidden)。
rnn-step
    循环神经网络的相邻两步：s_t = f(net_t)，net_t = U x_t + W s_{t-1}，½‖s_t - d‖²。

    变量：net_{t-1} 与 d (hidden,)，x_t (inputs,)，U (hidden, inputs)，W (hidden, hidden)。
rnn-row
    行向量形式的循环神经网络 s_t = tanh(x_t U + s_{t-1} W)，½‖s_T - d‖²。

    变量：x (steps, inputs)，s_0 与 d (hidden,)，U (inputs, hidden)，W (hidden, hidden)。
rnn-h
    循环神经网络 h_t = tanh(W_1 x_t + W_2 h_{t-1})，o = σ(V h_T)，平方误差之半。

    `from_zero`：初始状态恒为 0 而不是变量，所以 W_2 少用一次。
    变量：x (steps, inputs)，h_0 (hidden,)，d (outputs,)，W_1 (hidden, inputs)，
    W_2 (hidden, hidden)，V (outputs, hidden)。
rnn-concatenated
    拼接形式的循环神经网络：一个矩阵，h_t = tanh(W [x_t, h_{t-1}])。

    变量：x (steps, inputs)，h_0 (hidden,)，d (outputs,)，W (hidden, inputs + hidden)，
    V (outputs, hidden)。
rnn-stacked
    堆叠的循环神经网络：x_t = σ(A r_t) 之上 s_t = tanh(U x_t + W s_{t-1})。

    变量：r (steps, inputs)，s_0 与 d (hidden,)，A (below, inputs)，U (hidden, below)，
    W (hidden, hidden)。
rnn-scalar
    单个循环单元 h_t = tanh(w h_{t-1} + x_t)：早期输入的影响逐渐消失。

    变量：x (steps,)，h_0 与 w ()。
sequence-classifier
    序列分类：S_t = f(U x_t + W S_{t-1})，O_t = softmax(V S_t)，交叉熵。

    每一步都计入交叉熵。
    变量：x (steps, inputs)，目标 d (steps, classes)，其每行之和为 1，S_0 (hidden,)，
    U (hidden, inputs)，W (hidden, hidden)，V (classes, hidden)。
elman
    Elman 神经语言模型：x(t) = [w(t), s(t-1)]，s = σ(U x)，y = softmax(V s)。

    网络预测下一个词。
    变量：词编号 ids (steps,)，下一个词 d，写成独热行 (steps, words)，s_0 (hidden,)，
    E (words, embedding)，U (hidden, embedding + hidden)，V (words, hidden)。
encoder-decoder
    编码器-解码器：编码器的末状态是解码器的初状态，训练时用教师强制。

    编码器 h_t = tanh(U x_t + W h_{t-1}) 的末状态是同样形式的解码器的初状态。解码器读入 y，即晚
    一步的目标序列，第一步没有输入；p = softmax(V s)。
    变量：独热行 x (source, words) 与 d (target, words)，h_0 (hidden,)；U、U_d (hidden, words)，
    W、W_d (hidden, hidden)，V (words, hidden)。
bidirectional
    双向循环神经网络：从左的 h 与从右的 g，y_t = V [h_t, g_t]。

    损失是输出平方和之半。
    变量：x (steps, inputs)，h_0 与 g_0 (hidden,)，U、U_g (hidden, inputs)，W、
    W_g (hidden, hidden)，V (outputs, 2 hidden)。
captioning
    图像描述：逐词生成，图像特征只在第一步输入。

    h_t = tanh(U w_t + W h_{t-1} + m_t I v)，其中 m_1 = 1，以后 m_t = 0；p_t = softmax(V h_t)。
    w_t 是前一个词，开始时为 START；d_t 是将要出现的词，最后为 END。
    变量：v (features,)，h_0 (hidden,)，独热行 w 与 d (steps, words)，I (hidden, features)，
    U (hidden, words)，W (hidden, hidden)，V (words, hidden)。
power
    线性循环单元 y_t = w y_{t-1}，y_1 = 1：末输出为 w^(length - 1)。

    变量：w ()。
wall
    带陡壁的误差曲面：x_t = w σ(x_{t-1}) + b，x_0 = ½，E = (σ(x_T) - 0.7)²（梯度爆炸）。

    在 w 与 b 的平面上，误差曲面有一道陡壁，梯度在那里爆炸。
    变量：w、b ()。
rnn-modes
    循环神经网络的五种输入输出方式：n 个时刻中哪些有输入，哪些有输出。

    h_t = tanh(U x_t + W h_{t-1})，从 0 开始；y_t = V h_t，E = Σ ½‖y_t - d_t‖² 对各输出求和。
    1-1 是普通网络，1-n 描述图像，n-1 给文本分类，n-n-delayed 作翻译，n-n 给每一帧命名。没有输入
    的时刻 x_t 为 0。
    变量：x（输入的个数, inputs），d（输出的个数, outputs），U (hidden, inputs)，
    W (hidden, hidden)，V (outputs, hidden)。
gate
    门：σ(a) ⊙ c 之和，0 为阻断，1 为通过。

    变量：a 与 c (size,)。
gender-cell
    手定门值的细胞记住说的是谁：C_t = f ⊙ C_{t-1} + i ⊙ C̃。

    f = σ(-a)，i = σ(a)，C̃ = σ(b)。对每个词，a 说明它是否指明性别（是为 10，否为 -10），
    b 说明是哪一种：女为 -10，男为 10。因此 Mary 之后 C_t 接近 0，Bob 之后接近 1。
    变量：a 与 b (steps,)，C_0 ()。
lstm
    长短期记忆网络（LSTM）：各门的输入为 [h_{t-1}, x_t]，损失 ½‖h_T - d‖²。

    f = σ(W_f [h, x] + b_f)，i = σ(W_i [h, x] + b_i)，C̃ = tanh(W_C [h, x] + b_C)，
    C_t = f ⊙ C_{t-1} + i ⊙ C̃，o = σ(W_o [h, x] + b_o)，h_t = o ⊙ tanh(C_t)。
    `order`：取 "xh" 时拼接为 [x_t, h_{t-1}]。`peepholes`：f、i 与 o 中哪些门也看到细胞状态，作
    为第一个分量；"fio" 为全部，f 与 i 看到 C_{t-1}，o 看到 C_t。`coupled`：用 1 - f 代替 i。
    变量：x (steps, inputs)，h_0、C_0 与 d (hidden,)，W_f、W_i、W_C、
    W_o (hidden, hidden + inputs)，有窥视孔的门为 (hidden, 2 hidden + inputs)，b_f、b_i、b_C、
    b_o (hidden,)。
lstm-row
    行向量形式、无偏置的长短期记忆网络，s_t = tanh(c_t) ∘ o，损失 ½‖s_T - d‖²。

    i = σ(x U_i + s W_i)，f = σ(x U_f + s W_f)，o = σ(x U_o + s W_o)，g = tanh(x U_g + s W_g)，
    c_t = c_{t-1} ∘ f + g ∘ i。
    变量：x (steps, inputs)，s_0、c_0 与 d (hidden,)，U_i、... (inputs, hidden)，W_i、
    ... (hidden, hidden)。
gru
    门控循环单元（GRU）：h_t = (1 - z) ⊙ h_{t-1} + z ⊙ h̃，损失 ½‖h_T - d‖²。

    z = σ(W_z [h, x])，r = σ(W_r [h, x])，h̃ = tanh(W [r ⊙ h, x])。`keeps`：h_{t-1} 的系数；另一
    些书中它是 z，而 h̃ 的系数是 1 - z。
    变量：x (steps, inputs)，h_0 与 d (hidden,)，W_z、W_r 与 W (hidden, hidden + inputs)。
free-energy
    受限玻尔兹曼机的自由能 F(v) = -b·v - Σ_j log(1 + exp(c_j + (v W)_j))。

    -∂F/∂c_j 就是概率 p(h_j = 1 | v) = σ(c_j + (v W)_j)。
    变量：v 与 b (visible,)，c (hidden,)，W (visible, hidden)。
likelihood
    受限玻尔兹曼机的对数似然 log p(v) = -F(v) - log Z，配分函数 Z 遍历全部状态。

    全部状态共 2^visible 个。对 W 的导数是数据的 ⟨v h⟩ 减去模型的 ⟨v h⟩。
    变量：v 与 b (visible,)，c (hidden,)，W (visible, hidden)。
hello
    学拼写的循环神经网络：读入 hell，预测其后各字母 ello。

    h_t = tanh(u_t + W h_{t-1} + b)，从 0 开始，其中 u_t 是 U 中对应字母 x_t 的一行；下一个字母
    的得分为 z_t = V h_t + c，L 是 softmax(z_t) 的交叉熵之和。
    变量：字母 x 与下一个字母 y (steps,)，U (letters, hidden)，W (hidden, hidden)，b (hidden,)，
    V (letters, hidden)，c (letters,)。
char-rnn
    字符级循环神经网络语言模型 h_t = tanh(e_t + h_{t-1} U)，下一字符的交叉熵。

    e_t 是 r_t 的 10 倍，r_t 是 E 中该字符所在的行。得分为 z_t = h_t V + b_V；
    用 `dropout` 时，训练中此处的 h_t 有这么大的一部分被置零。
    变量：ids 与 next (T, streams)；E (symbols, hidden)，U (hidden, hidden)，
    V (hidden, symbols)，b_V (symbols,)；状态 h0 (streams, hidden)。
char-lstm
    字符级长短期记忆网络语言模型，下一字符的交叉熵。

    i、f、g、o 是 a_t = e_t + h_{t-1} U 的四个部分：c_t = σ(f + 1) c_{t-1} + σ(i) tanh(g)，
    h_t = σ(o) tanh(c_t)。开始时门 f 是打开的，很久以前的内容也能传到现在。e_t、得分与随机失活
    同 `char_rnn`。
    变量：ids 与 next (T, streams)；E (symbols, 4 hidden)，U (hidden, 4 hidden)，
    V (hidden, symbols)，b_V (symbols,)；状态 h0 与 c0 (streams, hidden)。
tagger
    命名实体识别：由左右上下文给每个词一个标签。

    h_t = tanh(U w_t + W h_{t-1})，g_t = tanh(U_g w_t + W_g g_{t+1})，z_t = V [h_t, g_t]，词向
    量 w = E[ids]；L 是各标签交叉熵的平均。
    变量：词编号 ids 与标签 y (steps,)，E (words, features)，U、U_g (hidden, features)，W、
    W_g (hidden, hidden)，V (tags, 2 hidden)。
sentence-classifier
    成批句子的文本卷积（TextCNN）：相邻词上的卷积核，时间上的最大值。

    变量：词编号 x ("N", length)，标签 y ("N",)，E (words, features)，对每个宽
    度 n 有 K_n (maps, features, n) 与 b_n (maps, 1)，W (features, classes)，c (classes,)。
attention
    缩放点积注意力 Y = A V，A = softmax(Q Kᵀ/√d)，损失 ½‖Y - D‖²。

    A 的每一行是一个查询看各个值时所用的权重，其和为 1。
    变量：Q 与 D (queries, features)，K 与 V (keys, features)。
layer-norm
    层归一化：y = γ ⊙ (x - μ)/√(v + ε) + β，损失 l 满足 ∂l/∂y = g。

    均值与方差是对一个样本的各特征计算的，不是对一批样本。
    变量：x、g、γ 与 β (features,)。
transformer
    小型 Transformer：由前面的词预测下一个词。

    X = E[ids] + P；每个头 i 有 H_i = softmax(Q_i K_iᵀ/√d) V_i，Q_i = X̄ W_Qi，其余类推，
    任何词都看不到它后面的词；X′ = X + Σ_i H_i W_Oi，X″ = X′ + ReLU(X̄′ W_1 + b_1) W_2 + b_2，
    logits = X̄″ V。字母上的横线表示层归一化。有几层时，每一层读
    入下面一层的 X″，层数写在名字之后，如 W_1^(2)。
    变量：词编号 ids 与下一个词 y (steps,)，E (words, features)，位置 P (steps, features)，每个
    头的 W_Qi、W_Ki、W_Vi (features, d)、W_Oi (d, features)，d = features // heads，
    γ_k 与 β_k (features,)，W_1 (features, hidden)，b_1 (hidden,)，W_2 (hidden, features)，
    b_2 (features,)，V (features, words)。
cbow
    连续词袋模型（CBOW），完整 softmax：h = (1/C) Wᵀ(x_1 + ... + x_C)。

    E = -u·t + log Σ_j exp(u_j)，其中 u_j = v'_j·h 是词 j 的得分，v'_j 是 W' 的第 j 列。上下文词
    与目标词都是独热列向量。
    变量：x_1、...、x_C 与 t (words,)，W (words, features)，W' (features, words)。
cbow-vectors
    以上下文词向量写出的连续词袋模型：h = (1/C) Σ_c v_c，v_c 是 V 的行。

    变量：V (context, features)，W' (features, words)，t (words,)。
cbow-lookup
    用词编号、成批的连续词袋模型：h 是 W 若干行的平均，只改动这些行。

    在上下文中出现两次的词计两次。E 是各样本的平均。
    变量：上下文词的编号 context ("N", context)，中间词的编号 target ("N",)，
    W (words, features)，W' (features, words)。
cbow-negative
    负采样的连续词袋模型：E = -log σ(v'_o·h) - Σ_k log σ(-v'_k·h)。

    k 取遍抽到的词。只有中间的词 o 和另外几个词有得分，不必计算全部词。
    变量：词的编号 context ("N", context)、target ("N",) 与 negative ("N", negatives)，
    W 与 W' (words, features)。
"""
