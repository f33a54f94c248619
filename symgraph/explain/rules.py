"""The rules of differentiation by name, and the sentence that gives the reason for a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import sympy

from symgraph.node import Node
from symgraph.notation.bodies import SPELLED
from symgraph.notation.kronecker import is_blocks
from symgraph.notation.moments import Point, Previous, Total
from symgraph.ops import (
    Concat,
    Det,
    Einsum,
    Fill,
    Final,
    Inv,
    Let,
    LogDet,
    Map,
    Pull,
    Push,
    Reduce,
    Reshape,
    Scan,
    Solve,
    Trace,
)
from symgraph.scalar import slot
from symgraph.template import function_name

__all__ = [
    "NOTES",
    "RULES",
    "Language",
    "Rule",
    "Spoken",
    "function_of",
    "note",
    "rule_of",
    "sentence",
    "title",
]

Language = Literal["en", "zh"]


class Spoken(NamedTuple):
    """A formula within a sentence: {x} as it is, {x:factor} as it stands beside another factor.

    {x:inner} is what stands in brackets already, as in softmax({x:inner}).
    """

    plain: str
    factor: str

    def __format__(self, spec: str) -> str:
        if spec == "inner":
            return _without_brackets(self.plain)
        return self.factor if spec == "factor" else self.plain


def _without_brackets(text: str) -> str:
    """a + b for (a + b); (a) (b) stays."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


class Rule(NamedTuple):
    """The name and the reason of a rule in each language.

    In a reason {head} is the value that is differentiated, {operand} what it is differentiated by,
    {root} the value whose derivative is wanted, {function} a function's name, {count} a number.
    """

    en: str
    zh: str
    en_reason: str
    zh_reason: str


RULES: dict[str, Rule] = {
    "sum": Rule(
        "sum", "和",
        "{head} is a sum: its derivative passes to {operand} unchanged.",
        "{head} 是和式，导数原样传给 {operand}。",
    ),
    "difference": Rule(
        "difference", "差",
        "{operand} is subtracted in {head}: the derivative changes sign.",
        "{operand} 在 {head} 中被减去，导数变号。",
    ),
    "minuend": Rule(
        "difference", "差",
        "{operand} stands in {head} with a plus sign: the derivative passes to it unchanged.",
        "{operand} 在 {head} 中带正号，导数原样传给它。",
    ),
    "repeated term": Rule(
        "repeated term", "重复项",
        "{operand} enters {head} in many places: their derivatives add up.",
        "{operand} 在 {head} 中多处出现，各处的导数相加。",
    ),
    "squared norm": Rule(
        "squared norm", "平方范数",
        "{head} is the sum of squares: its derivative with respect to {operand} is "
        "2 {operand:factor}.",
        "{head} 是平方和，对 {operand} 的导数是 2 {operand:factor}。",
    ),
    "constant factor": Rule(
        "constant factor", "常数因子",
        "{head} is {operand} times a constant, which multiplies the derivative.",
        "{head} 是 {operand} 乘以常数，导数也乘以该常数。",
    ),
    "product": Rule(
        "product", "乘积",
        "Product rule: the derivative of {head} with respect to {operand} is the other factor.",
        "乘积法则：{head} 对 {operand} 的导数是另一个因子。",
    ),
    "quotient": Rule(
        "quotient", "商",
        "Quotient rule: {operand} is the denominator of {head}.",
        "商法则：{operand} 是 {head} 的分母。",
    ),
    "power": Rule(
        "power", "幂",
        "Power rule: the exponent comes down as a factor and is lowered by one.",
        "幂法则：指数降下来作因子，并减一。",
    ),
    "function": Rule(
        "function", "函数",
        "Chain rule through {function}: multiply by its derivative at {operand}.",
        "对 {function} 用链式法则：乘以它在 {operand} 处的导数。",
    ),
    "maximum": Rule(
        "maximum", "最大值",
        "The derivative goes to the larger operand, hence the indicator; at a tie to neither.",
        "导数只传给较大的一方，因此出现示性函数；相等时两边都得不到。",
    ),
    "minimum": Rule(
        "minimum", "最小值",
        "The derivative goes to the smaller operand, hence the indicator; at a tie to neither.",
        "导数只传给较小的一方，因此出现示性函数；相等时两边都得不到。",
    ),
    "choice": Rule(
        "choice", "选择",
        "Only the branch that is taken receives the derivative, hence the indicator.",
        "只有被选中的分支得到导数，因此出现示性函数。",
    ),
    "dot product": Rule(
        "dot product", "内积",
        "{head} is linear in {operand}: its derivative is the other vector.",
        "{head} 对 {operand} 是线性的，导数是另一个向量。",
    ),
    "matrix product": Rule(
        "matrix product", "矩阵乘积",
        "{head} is linear in {operand}: the derivative is multiplied by the transpose of the other "
        "factor, on the side where that factor stands.",
        "{head} 对 {operand} 是线性的：导数在另一因子所在的一侧乘以该因子的转置。",
    ),
    "matrix product, numerator layout": Rule(
        "matrix product", "矩阵乘积",
        "{head} is linear in {operand}: the other factor stands on the other side of the "
        "derivative, not transposed.",
        "{head} 对 {operand} 是线性的：另一因子不转置，移到导数的另一侧相乘。",
    ),
    "squared norm, numerator layout": Rule(
        "squared norm", "平方范数",
        "{head} is the sum of squares: its derivative with respect to {operand} is "
        "2 {operand turned:factor}.",
        "{head} 是平方和，对 {operand} 的导数是 2 {operand turned:factor}。",
    ),
    "trace": Rule(
        "trace", "迹",
        "{head} adds up the diagonal of {operand}: each diagonal entry receives the derivative.",
        "{head} 是 {operand} 的对角元素之和：每个对角元素得到该导数。",
    ),
    "trace of a product": Rule(
        "trace of a product", "乘积的迹",
        "The trace is linear in {operand}: the derivative of tr(A B) with respect to A is Bᵀ.",
        "迹对 {operand} 是线性的：tr(A B) 对 A 的导数是 Bᵀ。",
    ),
    "Kronecker product": Rule(
        "Kronecker product", "克罗内克积",
        "Each entry of one factor of {head} multiplies the whole other factor: the derivatives of "
        "these products add up to that by {operand}.",
        "{head} 中一个因子的每个元素都乘以整个另一因子：各乘积的导数相加即为所求。",
    ),
    "sum of entries": Rule(
        "sum of entries", "元素求和",
        "Every entry of {operand} enters {head} once: each receives the same derivative.",
        "{operand} 的每个元素在 {head} 中各出现一次，得到相同的导数。",
    ),
    "repetition": Rule(
        "repetition", "重复",
        "{operand} is repeated in {head}: the derivatives of its copies add up.",
        "{operand} 在 {head} 中重复出现，各副本的导数相加。",
    ),
    "transpose": Rule(
        "transpose", "转置",
        "{head} is the transpose of {operand}; so is the derivative.",
        "{head} 是 {operand} 的转置，导数也随之转置。",
    ),
    "sum of products": Rule(
        "sum of products", "乘积之和",
        "{head} is linear in {operand}: the derivative takes the place of that factor.",
        "{head} 对 {operand} 是线性的：其余因子与导数缩并。",
    ),
    "largest entry": Rule(
        "largest entry", "最大元素",
        "Only the largest entry of {operand} receives the derivative, the first of equal ones.",
        "只有 {operand} 的最大元素（相等时取第一个）得到导数。",
    ),
    "log-sum-exp": Rule(
        "log-sum-exp", "对数指数和",
        "The derivative of log Σ exp with respect to {operand} is softmax({operand:inner}).",
        "log Σ exp 对 {operand} 的导数是 softmax({operand:inner})。",
    ),
    "softmax": Rule(
        "softmax", "softmax 函数",
        "The Jacobian of s = softmax({operand:inner}) is diag(s) − s sᵀ: the derivative less its "
        "sum weighted by s, times s.",
        "s = softmax({operand:inner}) 的雅可比矩阵是 diag(s) − s sᵀ："
        "导数减去以 s 为权之和，再乘以 s。",
    ),
    "log-softmax": Rule(
        "log-softmax", "对数 softmax",
        "log softmax({operand:inner}) is {operand} less log Σ exp({operand:inner}): the derivative "
        "less its sum times softmax({operand:inner}).",
        "log softmax({operand:inner}) 是 {operand} 减去 log Σ exp({operand:inner})："
        "导数减去其和乘以 softmax({operand:inner})。",
    ),
    "product of entries": Rule(
        "product of entries", "元素连乘",
        "Each entry of {operand} receives the product of all the others.",
        "{operand} 的每个元素得到其余元素之积。",
    ),
    "selection": Rule(
        "selection", "选取",
        "Only the entries of {operand} that were read receive a derivative; what was read several "
        "times adds up.",
        "只有被读取的 {operand} 的元素得到导数；多次读取则相加。",
    ),
    "placement": Rule(
        "placement", "放置",
        "Each entry of {operand} receives the derivative of the place it was put.",
        "{operand} 的每个元素得到它所放位置的导数。",
    ),
    "rearrangement": Rule(
        "rearrangement", "重排",
        "{head} holds the entries of {operand} in another arrangement; the derivative goes back "
        "to the first.",
        "{head} 只是 {operand} 元素的另一种排列，导数按原来的排列传回。",
    ),
    "concatenation": Rule(
        "concatenation", "拼接",
        "{operand} is one part of {head} and receives that part of the derivative.",
        "{operand} 是 {head} 的一段，得到导数的相应一段。",
    ),
    "loop": Rule(
        "recurrence", "递推",
        "Backpropagation through time: the derivative runs through all steps, last to first.",
        "随时间反向传播：导数从最后一步逐步传回第一步。",
    ),
    "sum over time": Rule(
        "sum over time", "对时间求和",
        "{head} adds up the contributions of all times: each receives the same derivative.",
        "{head} 把各时刻的贡献相加，每一时刻得到相同的导数。",
    ),
    "shared over time": Rule(
        "shared over time", "随时间共享",
        "{operand} is the same at every time: the contributions of all times add up.",
        "{operand} 在各时刻相同，各时刻的贡献相加。",
    ),
    "end of the recurrence": Rule(
        "end of the recurrence", "递推的终点",
        "{head} is read off the recurrence: only this time receives the derivative.",
        "{head} 取自递推的该时刻，只有这一时刻得到导数。",
    ),
    "inverse": Rule(
        "inverse", "逆矩阵",
        "The differential of an inverse is d(X⁻¹) = −X⁻¹ dX X⁻¹.",
        "逆矩阵的微分为 d(X⁻¹) = −X⁻¹ dX X⁻¹。",
    ),
    "determinant": Rule(
        "determinant", "行列式",
        "The derivative of a determinant is the determinant times the transposed inverse; "
        "of its logarithm, the transposed inverse.",
        "行列式的导数是行列式乘以逆矩阵的转置；其对数的导数是逆矩阵的转置。",
    ),
    "linear system": Rule(
        "linear system", "线性方程组",
        "The solution is differentiated by solving the transposed system.",
        "解的导数通过求解转置方程组得到。",
    ),
    "symmetric matrix": Rule(
        "symmetric matrix", "对称矩阵",
        "{operand} is symmetric, so its entries ij and ji move together: with the derivative F by "
        "all entries one by one it is F + Fᵀ − F ⊙ I, since the diagonal counts once.",
        "{operand} 对称，元素 ij 与 ji 一起变化：设逐元素的导数为 F，"
        "则所求为 F + Fᵀ − F ⊙ I，因为对角线只算一次。",
    ),
    "chain rule": Rule(
        "chain rule", "链式法则",
        "The local derivatives are multiplied along each way from {root} to {operand}; "
        "several ways add up.",
        "沿 {root} 到 {operand} 的每条路径把局部导数相乘；多条路径则相加。",
    ),
    "local softmax": Rule(
        "softmax", "softmax 函数",
        "{head} is a softmax: an entry acts on itself and, through the sum, on all others.",
        "{head} 是 softmax：每个分量影响自身，并通过归一化影响其他分量。",
    ),
    "local matrix product": Rule(
        "matrix product", "矩阵乘积",
        "{head} is linear in {operand}: its Jacobian is the matrix in front of {operand}.",
        "{head} 对 {operand} 是线性的，雅可比矩阵就是 {operand} 前的矩阵。",
    ),
    "local function": Rule(
        "function", "函数",
        "{function} acts entry by entry: its Jacobian is the diagonal matrix of its slopes.",
        "{function} 逐元素作用，雅可比矩阵是由其导数构成的对角矩阵。",
    ),
    "gradient": Rule(
        "gradient", "梯度",
        "The gradient of {root}, which is differentiated once more.",
        "{root} 的梯度，再求一次导。",
    ),
    "entry by entry": Rule(
        "index form", "指标形式",
        "The derivative of every entry of {root} by every entry of {operand}.",
        "{root} 的每个元素对 {operand} 的每个元素的导数。",
    ),
    "sum over paths": Rule(
        "sum over paths", "路径求和",
        "{operand} acts on {root} in {count} ways: their contributions add up.",
        "{operand} 以 {count} 种方式影响 {root}，各路的贡献相加。",
    ),
    "constant": Rule(
        "constant", "常数",
        "No derivative of {root} reaches {operand}: it counts as a constant.",
        "{root} 的导数传不到 {operand}：对求导而言它是常数。",
    ),
    "identity": Rule(
        "identity", "自身",
        "The derivative of a value with respect to itself is one.",
        "一个量对自身的导数是一。",
    ),
}  # fmt: skip


#: Remarks on conventions, in each language.
NOTES: dict[str, tuple[str, str]] = {
    "delta sign": (
        "Convention: each δ is minus the derivative, δ = {delta}.",
        "约定：每个 δ 都取导数的相反数，即 δ = {delta}。",
    ),
    "numerator layout": (
        "Numerator layout: a derivative with respect to a column is a row.",
        "分子布局：对列向量的导数是行向量。",
    ),
    "outside": (
        "An entry outside of its array, such as {entry} for some of the indices, is 0.",
        "下标超出数组范围的元素（例如某些下标下的 {entry}）为 0。",
    ),
    "abstract": (
        "{function} stands for {meaning}.",
        "其中 {function} 表示 {meaning}。",
    ),
}  # fmt: skip


def note(key: str, lang: Language, words: Mapping[str, object]) -> str:
    """A remark in a language."""
    return NOTES[key][lang == "zh"].format_map(words)


def title(rule: str, lang: Language) -> str:
    """The name of a rule in a language."""
    return RULES[rule].zh if lang == "zh" else RULES[rule].en


def sentence(rule: str, lang: Language, words: Mapping[str, object]) -> str:
    """The reason of a rule in a language."""
    text = RULES[rule].zh_reason if lang == "zh" else RULES[rule].en_reason
    return text.format_map(words)


def rule_of(node: Node, k: int) -> str:
    """The rule by which a node is differentiated by its operand k."""
    if isinstance(node, Map):
        return _rule_of_map(node, k)
    if isinstance(node, Einsum):
        return _rule_of_einsum(node)
    if isinstance(node, Reduce):
        names = {
            "max": "largest entry",
            "logsumexp": "log-sum-exp",
            "prod": "product of entries",
        }
        return names.get(node.operation, "function")
    return _OTHER.get(type(node), "function")


_OTHER: dict[type[Node], str] = {
    Pull: "selection", Push: "placement", Reshape: "rearrangement", Concat: "concatenation",
    Total: "sum over time", Point: "end of the recurrence", Previous: "loop",
    Scan: "loop", Trace: "loop", Final: "loop", Inv: "inverse", Det: "determinant",
    LogDet: "determinant", Solve: "linear system", Let: "identity",
}  # fmt: skip


def _rule_of_map(node: Map, k: int) -> str:
    expr, own = node.template.expr, slot(k)
    others = [arg for j, arg in enumerate(node.args) if j != k]
    partial = node.template.derivative(k)
    repeated = node.args[k].shape != node.shape
    if expr.is_Add and partial in (1, -1):
        if repeated:
            return "repeated term"
        if partial == -1:
            return "difference"
        subtracts = any(node.template.derivative(j) == -1 for j in range(len(node.args)))
        return "minuend" if subtracts else "sum"
    if own not in partial.free_symbols and all(isinstance(arg, Fill) for arg in others):
        return "constant factor"
    if expr.is_Mul:
        if own in sympy.fraction(expr)[1].free_symbols:
            return "quotient"
        return "function" if own in partial.free_symbols else "product"
    if expr.is_Pow:
        return "power" if own in expr.base.free_symbols else "function"
    names = {"maximum": "maximum", "minimum": "minimum", "where": "choice"}
    return names.get(function_name(expr), "function")


def _rule_of_einsum(node: Einsum) -> str:
    if len(node.args) > 1:
        if is_blocks(node):
            return "Kronecker product"
        if node.ndim == 0 and all(arg.ndim == 1 for arg in node.args):
            return "dot product"
        if node.ins in (((0, 1), (1, 0)), ((1, 0), (0, 1))) and not node.out:
            return "trace of a product"
        return "matrix product" if node.ndim <= 2 else "sum of products"
    source, out = node.ins[0], node.out
    if len(set(source)) < len(source) and not out:
        return "trace"
    if set(source) - set(out):
        return "sum of entries"
    return "repetition" if set(out) - set(source) else "transpose"


def function_of(node: Node) -> str | None:
    """The name of the function that a node applies, if it goes by a name."""
    if not isinstance(node, Map):
        return type(node).__name__.lower()
    name = function_name(node.template.expr)
    if name in SPELLED or name in ("Pow", "Add", "Mul"):
        return None
    return "σ" if name == "sigmoid" else name
