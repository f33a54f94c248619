"""The systems without time in Chinese: derivatives, losses, units, rules, deep networks."""

from __future__ import annotations

__all__ = ["TEXTS"]

#: A name, and indented below it its title and what its builder says.
TEXTS = """
sensitivity
    敏感度：out = 2 in₁ + in₂ in₃，输入的微小变化如何影响输出。

    变量：in_1、in_2、in_3 ()。
building-block
    基本运算：两个或一个输入的 +、-、*、max、平方、σ。

    变量：in_1 与 in_2，或 in ()。
composition
    复合函数：out = exp(mid)，mid = sin(in)；链式法则，导数是路径上的乘积。

    变量：in ()。
x-sigma-x
    x σ(x)：x 沿两条路径起作用；σ 可换成任意函数。

    变量：x ()。
parabola
    抛物线 2x² + 3x：在 x = -3/4 处取最小值 -9/8。

    变量：x ()。
quadratic
    二次函数 ½ (10 x² + y²)：用来比较各种梯度下降法；10 是条件数。

    变量：x 与 y ()。
bias
    偏置的吸收：得分 W·x + b 等于 W'·φ(x)，其中 φ(x) = [1, x]，W' = [b, W]。

    变量：W 与 x (features,)，b ()。
log-count
    对数特征：计数 N 的得分 w log N。

    变量：w 与 N ()。
bins
    分箱特征：得分 Σ_k w_k 1[a_k < N < b_k]。

    变量：w_1、w_2、... 与 N ()。
temperature
    体温特征：常数之外的特征 (T - 37)²，得分 w·φ(T)。

    变量：w_1、w_2 与 T ()。
robinson
    Robinson 公式的特征 (52 + 1.9 (height - 60) - weight)²。

    变量：height 与 weight ()。
monomials
    单项式特征映射：不超过给定次数的全部单项式，得分 W·φ(x)。

    全部单项式依次为 1, x_1, x_2, x_1², x_1 x_2, ...。
    变量：x (variables,)，W，每个单项式一个权重。
two-cars
    两车问题的平方损失：网络 Σ_j w_j h_j，h_j = σ(v_j·Φ)；unit 可取 step。

    变量：v_1、v_2 与 Φ = [1, x_1, x_2] (3,)，w_1、w_2、y ()。
hypothesis
    假设类 H = {w_1 x + ... + w_p x^p} 的平方损失：次数 1 和 2 即 H₁ 与 H₂。

    H₁ 是 H₂ 的一部分，所以 H₂ 的最小损失不会更大。
    变量：x 与 y ("N",)，w (degree,)。
ridge
    岭回归（正则化最小二乘）的闭式解 W = (Φᵀ Φ + λ I)⁻¹ Φᵀ y；λ = 0 即正规方程。

    所求的 W 使 ‖Φ W - y‖² + λ‖W‖² 最小；λ 越大，‖W‖ 越小。
    变量：Φ ("N", features)，y ("N",)，λ ()。
hinge
    合页损失 max{1 - W·φ(x) y, 0}，得分与间隔各有名字。

    变量：W 与 φ(x) (features,)，y ()。
squared
    平方损失 (W·φ(x) - y)²，残差有名字。

    变量：W 与 φ(x) (features,)，y ()。
regularised
    正则化：N 个样本的平方损失加惩罚项 λ‖W‖²。

    变量：Φ ("N", features)，y ("N",)，W (features,)，λ ()。
two-layer
    两层神经网络的平方损失 (Σ_j w_j σ(v_j·φ(x)) - y)²。

    变量：v_1、v_2、... 与 φ(x) (features,)；w_1、w_2、... 与 y ()。
half-squared
    逻辑斯谛单元对二元目标的平方误差之半 ½(y - f)²。

    变量：w 与 x (features,)，b 与 y ()。
softmax
    softmax 层 ŷ = softmax(W h) 的交叉熵损失 -Σ_k d_k log ŷ_k。

    变量：W (classes, hidden)，h (hidden,)，d (classes,)，其各分量之和为 1。
sigmoid
    逻辑斯谛（sigmoid）函数 σ(z) = 1/(1 + exp(-z))；σ' = σ (1 - σ)。

    变量：z ()。
tanh
    双曲正切函数 tanh；tanh' = 1 - tanh²。

    变量：z ()。
relu
    线性整流函数 ReLU：max(0, z)，在 0 处导数取 0。

    变量：z ()。
softplus
    softplus 函数 log(1 + exp(z))：平滑的 ReLU，导数是 σ(z)。

    变量：z ()。
leaky-relu
    带泄漏的线性整流函数（Leaky ReLU）：z > 0 时为 z，否则为 z 的小倍数。

    变量：z ()。
elu
    指数线性单元（ELU）：z > 0 时为 z，否则为 exp(z) - 1。

    变量：z ()。
step
    阶跃函数：z ≥ 0 时为 1，否则为 0；导数为 0。

    变量：z ()。
maxout
    Maxout 单元：若干线性函数中的最大值 max_k (W x)_k。

    变量：W (pieces, features)，x (features,)。
noisy-relu
    带噪声的线性整流函数 max(0, z + √σ(z) ε)：ε 服从标准正态分布，方差为 σ(z)。

    `through`：梯度是否也流经标准差。
    变量：z 与 ε ()。
dense
    全连接网络：一个 tanh 隐藏层，平方误差之半，列向量形式。

    变量：x (inputs,)，y (outputs,)，W_1、b_1、W_2、b_2。
feedforward
    两层前馈神经网络 h = f₁(net⁽¹⁾)，y = f₂(net⁽²⁾) 的平方误差之半 E。

    net_j^(1) = Σ_m w_jm^(1) x_m，net_k^(2) = Σ_j w_kj^(2) h_j，E = ½ Σ_k (y_k - d_k)²。
    变量：x (inputs,)，d (outputs,)，W^(1) (hidden, inputs)，W^(2) (outputs, hidden)。
quadratic-unit
    二次函数上的单个逻辑斯谛单元 f = σ(θ_0 + θ_1 x + θ_2 x²)。

    变量：θ_0、θ_1、θ_2 与 x ()。
quadratic-layers
    两个 tanh 单元之上的逻辑斯谛单元 f = σ(θ_6 + θ_7 h_1 + θ_8 h_2)。

    变量：θ_0、...、θ_8 与 x ()。
two-three-one
    2-3-1 网络：每条边一个权重，y = σ(Σ_j w_2-j σ(a_j))。

    a_j = w_1-1j x_1 + w_1-2j x_2 + b_1-j：权重 w_1-ij 从输入 i 连到单元 j。
    变量：x_1、x_2、w_1-11、...、w_1-23、b_1-1、b_1-2、b_1-3、w_2-1、w_2-2、w_2-3 ()。
named-units
    单元有名字的 2-3-2 网络：输入 λ、Ω，隐藏 A、B、C，输出 α、β。

    单元的名字就是它的输出；权重 w_to,from 连接两个单元（先写去处，后写来处）。损失是对目
    标 t_α 与 t_β 的平方误差之半 E。
    变量：λ 与 Ω ()，w_Aλ、w_AΩ、...、w_CΩ、w_αA、...、w_βC ()，t_α 与 t_β ()。
worked-example
    反向传播算例：课程中手算的 2-2-1 网络及其平方误差之半。

    变量：A、B 与 t ()，从 A、B 到上面单元的 w_3 与 w_4，到下面单元的 w_5 与 w_6，从这两个单元到
    输出的 w_1 与 w_2 ()。
six-relus
    六个 ReLU 的带符号和在 [-1.5, 1.5] 上逼近 x³ + x² - x - 1。

    变量：x ()。
linear-layers
    两个线性层等于一个线性层：y = B (A x) = (B A) x，E = ½‖y - d‖²。

    所以需要激活函数。
    变量：x (inputs,)，d (outputs,)，A (hidden, inputs)，B (outputs, hidden)。
universal
    通用近似：l₁ = tanh(W₁ x + b₁)，l₂ = tanh(W₂ l₁ + b₂)，求和。

    变量：x (inputs,)，W_1 (hidden, inputs)，b_1 (hidden,)，W_2 (1, hidden)，b_2 (1,)。
universal-fit
    通用近似的拟合：Z = Σ_k v_k ReLU(w_k x + b_k) + c，均方误差 mean (Z - y)²。

    变量：x 与 y ("N",)，w、b 与 v (hidden,)，c ()。
xor-mlp
    多层感知机学习异或：tanh 隐藏层，逻辑斯谛输出，E = ½ Σ (y - d)²。

    h = tanh(W x + b)，y = σ(v·h + c)；E 对各样本求和。
    变量：x ("N", 2)，d ("N",)，W (hidden, 2)，b 与 v (hidden,)，c ()。
two-cars-by-hand
    手定权重的两车网络：y = sign(h_1 + h_2)，h_1 = 1[x_1 - x_2 ≥ 1] 等。

    `unit`：由什么函数作判断，如逻辑斯谛函数 sg.sigmoid，此时两项之和恒大于 0。
    `offset`：用 y = sign(h_1 + h_2 - ½) 把不安全的两车判为 -1；0 的符号取 0。
    变量：x_1、x_2 ()。
two-cars-trained
    带输出偏置、可训练的两车网络：(得分 - y)² 的平均。

    h = σ(x Vᵀ + b)，score = u·h + c。没有 c 时，两个逻辑斯谛单元之和不会为负。
    变量：x ("N", 2)，y ("N",)，V (2, 2)，b 与 u (2,)，c ()。
score
    特征的得分 [φ(x_1), φ(x_2), ...]·W；φ 可保持抽象。

    保持抽象的函数写作 `sg.function("φ")`。
    变量：x_1、x_2、... ()，W (features,)。
activated-score
    激活的线性函数 h = σ(score)，score 是各特征的得分；φ 可保持抽象。

    变量：x_1、x_2、... ()，W (features,)。
two-cars-net
    输入分开的两车网络：h_j = σ(v_j·[1, x_1, x_2])，y = w_1 h_1 + w_2 h_2。

    `unit`：代替 σ 的函数，例如取 `sg.step` 得到两个线性子问题。
    变量：x_1、x_2 ()，v_1、v_2 (3,)，w_1、w_2 ()。
mcculloch-pitts
    McCulloch-Pitts 神经元 1[x_1 + x_2 ≥ T]：T = 1.5 为与，T = 0.5 为或。

    变量：x_1、x_2 ()。
xor
    异或：两个阈值隐藏单元，y = 1[h_1 - h_2 ≥ ½]。

    变量：x_1、x_2 ()。
xor-skip
    异或：一个隐藏单元加跨层连接，y = 1[x_1 + x_2 - 2 h ≥ ½]。

    变量：x_1、x_2 ()。
triangle
    三个隐藏单元各为三角形 x_1 ≥ 0、x_2 ≥ 0、x_1 + x_2 ≤ 1 的一条边。

    变量：x_1、x_2 ()。
dropout
    随机失活（Dropout）：y = W_2 (m * h)，h = σ(W_1 x)，掩码 m 关闭隐藏单元。

    变量：x (inputs,)，m (hidden,)，W_1 (hidden, inputs)，W_2 (1, hidden)。
rbm
    受限玻尔兹曼机的能量 E = -b·v - c·h - v^T W h。

    变量：v 与 b (visible,)，h 与 c (hidden,)，W (visible, hidden)。
dbn
    深度信念网络：一叠玻尔兹曼机的能量，下一台的隐藏单元是上一台的数据。

    变量：v、h_1、h_2 与 W_1、W_2。
autoencoders
    逐层贪心预训练：两个自编码器依次训练，然后是分类器。

    第二个自编码器学习第一个的编码。每个阶段只训练自己的一层，在它之前的编码器被冻结。各阶段的损
    失依次是两个重构误差和分类器的交叉熵。
    变量：x (inputs,)，y ()，W_k、b_k（编码器），V_k、c_k（解码器），u (second,)，d ()。
perceptron
    感知机学习规则 w⁺ = w + η (y - ŷ) x，b⁺ = b + η (y - ŷ)，y 与 ŷ 取 ±1。

    w·x + b ≥ 0 时 ŷ = 1，否则为 -1。一步使用它得到的全部样本；若每步只取一个样本并依次进行，只
    要有一条直线能分开两类，学习就在第一个没有错误的周期结束。E 是错误率。
    变量：x ("N", features)，y ("N",)，w (features,)，b ()。
hebb
    赫布学习规则 w⁺ = w + η y x，b⁺ = b + η y：一同激发的神经元连接在一起。

    每个样本使用一次；E 是单元判错的样本所占的比例，w·x + b ≥ 0 时 ŷ = 1，否则为 -1。
    变量：x ("N", features)，y ("N",)，w (features,)，b ()。
cd1
    对比散度 CD-1：训练受限玻尔兹曼机，W⁺ = W + η (⟨v h⟩₀ - ⟨v h⟩₁)。

    h = σ(v W + c) 是数据 v 的隐藏单元，v′ = σ(h Wᵀ + b) 是由它们重构的数据，h′ = σ(v′ W + c)。
    均值 ⟨·⟩ 对 N 个样本来取。`sampled`：重构从以概率 h 开启的隐藏单元出发，而不是从 h 本身出
    发。E 是重构的平方误差。
    变量：v ("N", visible)，W (visible, hidden)，b (visible,)，c (hidden,)，以及抽样的编号 key。
worked-example-update
    反向传播算例的手算更新 w⁺ = w + η δ·(权重的输入)，可选课程的顺序。

    输出处 δ = (t - o) o (1 - o)，隐藏单元处 δ_j = δ w_j o_j (1 - o_j)，这就是沿负梯度走一步。
    `sequential`：按课程的算法，δ_j 使用已经更新的权重 w_1⁺ 与 w_2⁺，这样得到的不是梯度。
    变量：A、B 与 t ()，从 A、B 到上面单元的 w_3 与 w_4，到下面单元的 w_5 与 w_6，从这两个单元到
    输出的 w_1 与 w_2 ()。
named-units-update
    网络 λ、Ω - A、B、C - α、β 的十二条更新式 W⁺ = W + η δ out。

    δ_α = α (1 - α) (t_α - α)，δ_A = A (1 - A) (δ_α w_αA + δ_β w_βA)，其余类推。
    变量：λ 与 Ω ()，w_Aλ、w_AΩ、...、w_CΩ、w_αA、...、w_βC ()，t_α 与 t_β ()。
chain
    同一函数的反复复合 σ(σ(...σ(x)))：每一层是斜率的一个因子（梯度消失）。

    变量：x ()。
residual-chain
    残差链：各层 v + tanh(v/2)，或不带残差连接的 tanh(v/2)。

    变量：v ()。
residual-block
    残差块 y = ReLU(F + x)，F = W₂ ReLU(W₁ x) 之和：x 沿两条路径起作用。

    变量：x (features,)，W_1 与 W_2 (features, features)。
deep-autoencoder
    深度自编码器：由一叠玻尔兹曼机展开，E = ½‖x̂ - x‖²，整体微调。

    编码器 h_k = σ(W_k h_{k-1} + b_k) 以线性的编码结束，解码器用 V_k、c_k 逐层返回；`tied` 使解
    码器用 W_kᵀ。尺寸取 (2000, 500, 250, 125, 2) 时共有 2316752 个权重与偏置。
    变量：x（第一个尺寸），W_k、b_k、V_k、c_k。
batch-norm
    批归一化：y = γ x̂ + β，损失 l 满足 ∂l/∂y = g。

    x̂ = (x - μ)/√(σ² + ε)，均值与方差在一批样本上计算，系数为 (1/m)。
    变量：x 与 g ("m",)，γ 与 β ()。
batch-norm-net
    带批归一化的分类器：h = ReLU(BN(x W))，得分 h V + c。

    批归一化在 ReLU 之前。训练时均值与方差取自当前一批样本，预测时用训练中保存的滑动平均。
    变量：x ("N", inputs)，y ("N",)，W (inputs, hidden)，gamma_bn 与 beta_bn (hidden,)，
    V (hidden, classes)，c (classes,)，状态 mean_bn 与 variance_bn (hidden,)，以及是否处于训练之
    中 training。
residual-net
    残差网络：残差块 h_k = ReLU(V_k ReLU(W_k h_{k-1}) + h_{k-1}) 的分类器。

    第一层为 h_0 = x A。`residual`：去掉残差连接时，同样的层、同样多的参数构成普通网络。
    变量：x ("N", inputs)，y ("N",)，A (inputs, features)，W_k 与 V_k (features, features)，
    B (features, classes)。
pretraining
    成批数据上的堆叠自编码器：逐层预训练，再整体微调分类器。

    第 k 阶段重构下面一层的编码，E_k = ½ mean ‖ĥ - h‖²，此时那个编码被冻结；编码
    为 h_k = σ(h_{k-1} W_kᵀ + b_k)。最后一个阶段是最末编码的逻辑斯谛分类器 L；整体的损失仍是分类
    器的损失，但梯度流经所有的层。
    变量：x ("N"，第一个尺寸)，y ("N",)，W_k、b_k（编码器），V_k、c_k（解码器），u（最后一个尺
    寸），d ()。
linear-autoencoder
    线性自编码器 E = ‖x W V - x‖²：最优因子张成主成分分析（PCA）的子空间。

    变量：x ("N", inputs)，W (inputs, factors)，V (factors, inputs)。
"""
