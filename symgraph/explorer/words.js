// The words of the page in both languages. {0}, {1} stand for what is filled in.

const WORDS = {
  en: {
    stepping: "step through the passes", stepBack: "one step back (Shift + Space)",
    stepAhead: "one step ahead (Space)", play: "play the passes (P)", all: "all", showAll: "show all values (A)",
    edgeLabels: "labels of edges (L)", symbolic: "∂ symbols", numeric: "numbers", off: "off",
    modules: "modules", collapse: "collapse", expand: "expand", collapseAll: "collapse all modules",
    expandAll: "expand all modules", view: "view", zoomOut: "smaller (−)", zoomIn: "larger (+)",
    fit: "fit", fitAll: "fit the whole graph (0)", theme: "dark or light (D)",
    language: "语言：中文 (Z)", languageShort: "中文", keys: "Keys", graph: "computation graph",
    legendForward: "f  value", legendBackward: "g  = ∂ root / ∂ value",
    legendLabel: "∂ head / ∂ operand", legendArriving: "•  what arrives from above",
    pathsTitle: "Paths to the root", inputsTitle: "Inputs", trainingTitle: "Training",
    rate: "rate", oneStep: "one gradient step", run: "run", pause: "pause", restart: "start again",
    curve: "loss over steps",
    startHint: "Click a leaf: the gradient is the sum over its paths of the products of the green labels.",
    train: "train {0}", turn: "from left to right (X)", k_x: "from bottom to top, or from left to right", close: "close", value: "f  value", slope: "g  gradient", shape: "shape", norm: "norm",
    noGradient: "no gradient flows here", notKnown: "not computed yet",
    onePath: "1 path", manyPaths: "{0} paths", noPath: "no path leads to the root",
    sum: "sum = gradient", further: "{0} further paths, together", more: "show {0} more",
    forwardStep: "forward {0} / {1}", backwardStep: "backward {0} / {1}", everything: "all values",
    start: "leaves", step: "step {0}", loss: "loss {0}", lossBefore: "loss before the step",
    nothingTrained: "Nothing is trained: tick an input above.",
    trainsOn: "on the values above", trainsBatch: "on all data at once",
    trainsSamples: "on {0} samples, one a step", diverged: "The loss is no longer finite: a smaller rate?",
    entry: "{0}, entry {1}", invalid: "a number, please", module: "module of {0} values",
    opens: "Enter or double click opens it", closeModule: "collapse into {0}",
    openModule: "expand", heat: "cells: blue below 0, red above", cell: "entry {0}: {1}",
    selected: "{0} selected", unselected: "nothing selected", user: "used by", operands: "made of",
    k_arrows: "move between nodes", k_enter: "show the paths of a node; once more for none",
    k_space: "one step of the passes", k_shift: "one step back", k_p: "play the passes", k_a: "all values",
    k_plus: "zoom", k_zero: "fit the whole graph", k_l: "labels: symbols, numbers, off",
    k_m: "open or close the module of a node", k_c: "show or hide constants",
    k_d: "dark or light", k_z: "English or Chinese", k_t: "one gradient step",
    k_r: "run or pause the training", k_esc: "undo the selection", k_help: "this list",
  },
  zh: {
    stepping: "逐步计算", stepBack: "后退一步 (Shift + 空格)", stepAhead: "前进一步 (空格)", play: "播放计算过程 (P)",
    all: "全部", showAll: "显示全部值 (A)", edgeLabels: "边上的标签 (L)", symbolic: "∂ 符号",
    numeric: "数值", off: "关", modules: "模块", collapse: "折叠", expand: "展开",
    collapseAll: "折叠所有模块", expandAll: "展开所有模块", view: "视图", zoomOut: "缩小 (−)",
    zoomIn: "放大 (+)", fit: "适应", fitAll: "显示整个图 (0)", theme: "深色或浅色 (D)",
    language: "Language: English (Z)", languageShort: "EN", keys: "键盘", graph: "计算图",
    legendForward: "f  前向值", legendBackward: "g  = ∂ 根 / ∂ 该值", legendLabel: "∂ 父 / ∂ 子",
    legendArriving: "•  上方传来的梯度",
    pathsTitle: "到根的路径", inputsTitle: "输入", trainingTitle: "训练", rate: "学习率",
    oneStep: "梯度下降一步", run: "运行", pause: "暂停", restart: "重新开始",
    curve: "损失随步数的变化",
    startHint: "点击一个叶子：梯度等于所有路径上绿色标签乘积之和。",
    train: "训练 {0}", turn: "从左到右 (X)", k_x: "自下而上，或从左到右", close: "关闭", value: "f  前向值", slope: "g  梯度", shape: "形状", norm: "范数",
    noGradient: "此处没有梯度", notKnown: "尚未计算", onePath: "1 条路径", manyPaths: "{0} 条路径",
    noPath: "没有到根的路径", sum: "总和 = 梯度", further: "还有 {0} 条路径，合计",
    more: "再显示 {0} 条", forwardStep: "前向 {0} / {1}", backwardStep: "后向 {0} / {1}",
    everything: "全部值", start: "叶子", step: "第 {0} 步", loss: "损失 {0}",
    lossBefore: "该步之前的损失", nothingTrained: "没有参与训练的输入：请在上面勾选。", trainsOn: "使用上面的值",
    trainsBatch: "每步使用全部数据", trainsSamples: "{0} 个样本，每步一个",
    diverged: "损失已不是有限数：试试更小的学习率？", entry: "{0}，第 {1} 项", invalid: "请输入数字",
    module: "含 {0} 个值的模块", opens: "按 Enter 或双击展开", closeModule: "折叠为 {0}",
    openModule: "展开", heat: "单元格：蓝色小于 0，红色大于 0", cell: "第 {0} 项：{1}",
    selected: "已选择 {0}", unselected: "未选择", user: "被使用于", operands: "组成",
    k_arrows: "在节点间移动", k_enter: "显示节点的路径；再按一次取消", k_space: "计算前进一步",
    k_shift: "后退一步", k_p: "播放计算过程", k_a: "全部值", k_plus: "缩放", k_zero: "显示整个图",
    k_l: "标签：符号、数值、关", k_m: "打开或折叠节点的模块", k_c: "显示或隐藏常数",
    k_d: "深色或浅色", k_z: "英文或中文", k_t: "梯度下降一步", k_r: "运行或暂停训练",
    k_esc: "取消选择", k_help: "本列表",
  },
};

const KEYS = [
  ["← ↑ → ↓", "k_arrows"], ["Enter", "k_enter"], ["Space", "k_space"], ["Shift Space", "k_shift"], ["P", "k_p"],
  ["A", "k_a"], ["+ −", "k_plus"], ["0", "k_zero"], ["L", "k_l"], ["M", "k_m"], ["C", "k_c"], ["X", "k_x"],
  ["D", "k_d"], ["Z", "k_z"], ["T", "k_t"], ["R", "k_r"], ["Esc", "k_esc"], ["?", "k_help"],
];

let language = "en";

function say(key, ...filled) {
  const text = WORDS[language][key];
  return text.replace(/\{(\d)\}/g, (_, k) => String(filled[Number(k)]));
}

/** Write all words of the page anew; what holds a word names it in data-text or data-label. */
function translate(root) {
  for (const one of root.querySelectorAll("[data-text]")) one.textContent = say(one.dataset.text);
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", say(one.dataset.label));
    if (one.tagName === "BUTTON") one.title = say(one.dataset.label);
  }
}
