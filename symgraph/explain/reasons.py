"""Why a line could not be verified, in both languages.

The reader and the random points speak English; here is what each of their sentences is in Chinese.
"""

from __future__ import annotations

from symgraph.catalogue import Catalogue, translated
from symgraph.explain.rules import Language

__all__ = ["in_language"]

_CHINESE: Catalogue = (
    (r"it has no form that can be read back", "它没有可以读回的形式"),
    (r"its value is not finite", "它的值不是有限数"),
    (r"its entries have no value", "它的元素没有值"),
    (r"a row stands where a column is meant", "该写列向量处写成了行向量"),
    (r"no point was found at which it can be computed \((.*)\)", "没有找到可以计算它的点（{0}）"),
    (r"no point was found at which it can be computed", "没有找到可以计算它的点"),
    (r"there is no time between the first and the last", "首末两个时刻之间没有其他时刻"),
    (r"the derivation is too long to be read back as a whole", "推导太长，无法整体读回"),
    (r"the derivative of (.*) by (.*) has no value", "{0} 对 {1} 的导数没有值"),
    (r"(.*) has no value", "{0} 没有值"),
    (r"(.*) of (\d+) arguments is not known", "不认识带 {1} 个参数的 {0}"),
    (r"a sum of (\d+) terms is too large to be computed here", "{0} 项的和太大，无法在此计算"),
    (r"the index (.*) runs over (.*); one range is needed", "下标 {0} 的范围不唯一（{1}）"),
    (r"the size of .* does not follow from what is beside it", "一个因子的大小无法由旁边的量确定"),
    (r"the size over which a product sums does not follow from anything", "乘积求和的大小无法确定"),
    (r"argmax over several letters is known only of numbers", "多个下标的 argmax 只对数有定义"),
    (r"the expression has more than (\d+) nodes", "表达式的节点多于 {0} 个"),
    (r"no finite values were found", "没有找到有限的值"),
)


def in_language(reason: str, lang: Language) -> str:
    """The reason in a language; what has no sentence there stays as it is.

    >>> in_language("'w' has no value", "zh")
    "'w' 没有值"
    """
    if lang == "zh":
        return translated(reason, _CHINESE) or reason
    return reason
