"""What the options of a system may be: declared by their annotations, checked in one place.

A builder under `@system()` refuses what its annotations do not allow, by an error that names the
option and the allowed values. `@system(kernel=lambda size: size)` says that one option is at most
what others, by their names, allow. Text of the command line is read by the same declarations.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import sympy

import symgraph as sg
from symgraph.build.abstract import function
from symgraph.errors import KindError, RangeError, SymgraphError, UnknownNameError
from symgraph.formula.functions import functions
from symgraph.node import Node
from symgraph.shapes import DimLike

__all__ = [
    "Count", "Epsilon", "Function", "Functions", "Intervals", "Length", "Letters", "Number",
    "Rate", "Several", "Share", "Size", "Sizes", "Whole", "kinds_of", "made_from_text", "system",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


class Kind(ABC):
    """The values that an option may have."""

    @abstractmethod
    def allowed(self) -> tuple[str, str]:
        """What may be written, in English and Chinese."""

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value of a text of the command line; a text that is none stays a text."""

    @abstractmethod
    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """The error that a value is, if it is one."""


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number in a range; with `named` also the name of a size that stays open."""

    least: int = 1
    most: int | None = None
    named: bool = False

    def allowed(self) -> tuple[str, str]:
        """The range."""
        low, high = self.least, self.most
        if high is None:
            said, said_zh = f"a whole number, {low} or more", f"不小于 {low} 的整数"
        elif high == low:
            said = said_zh = str(low)
        else:
            said, said_zh = f"a whole number from {low} to {high}", f"{low} 到 {high} 的整数"
        if not self.named:
            return said, said_zh
        return f"{said}, or the name of a size", f"{said_zh}，或一个尺寸的名字"

    def read(self, text: str) -> Any:
        """Digits are a number."""
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else text

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Of kind or of range."""
        if isinstance(value, (bool, Node)):
            return KindError
        if self.named and isinstance(value, str):
            return None if value.isidentifier() else KindError
        if self.named and isinstance(value, sympy.Expr) and not value.is_number:
            return None
        if not isinstance(value, (numbers.Integral, sympy.Integer)):
            return KindError
        most = math.inf if self.most is None else self.most
        return None if self.least <= int(value) <= most else RangeError


@dataclass(frozen=True)
class Real(Kind):
    """A finite number, above a bound if there is one; or a share, from 0 to less than 1."""

    above: float | None = None
    share: bool = False

    def allowed(self) -> tuple[str, str]:
        """The range."""
        if self.share:
            return "a number from 0 to less than 1", "[0, 1) 中的数"
        if self.above is None:
            return "a number", "一个数"
        return f"a number above {self.above:g}", f"大于 {self.above:g} 的数"

    def read(self, text: str) -> Any:
        """As Python reads it."""
        try:
            return float(text)
        except ValueError:
            return text

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Of kind or of range."""
        if isinstance(value, (bool, Node)) or not isinstance(value, numbers.Real):
            return KindError
        if self.share:
            return None if 0 <= float(value) < 1 else RangeError
        low = -math.inf if self.above is None else self.above
        return None if low < float(value) < math.inf else RangeError


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no."""

    def allowed(self) -> tuple[str, str]:
        """Both."""
        return "yes or no", "yes 或 no"

    def read(self, text: str) -> Any:
        """The usual words."""
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), text)

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Of kind."""
        return None if isinstance(value, bool) else KindError


@dataclass(frozen=True)
class Word(Kind):
    """One of some words."""

    words: tuple[str, ...]

    def allowed(self) -> tuple[str, str]:
        """The words."""
        return " or ".join(self.words), " 或 ".join(self.words)

    def read(self, text: str) -> Any:
        """The text itself."""
        return text

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """An unknown word."""
        if not isinstance(value, str):
            return KindError
        return None if value in self.words else UnknownNameError


@dataclass(frozen=True)
class Letters(Kind):
    """Some of a few letters, none of them twice."""

    letters: str

    def allowed(self) -> tuple[str, str]:
        """The letters."""
        return (
            f"some of the letters {', '.join(self.letters)}, or nothing",
            f"字母 {'、'.join(self.letters)} 中的若干个，或留空",
        )

    def read(self, text: str) -> Any:
        """The text itself."""
        return text

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Other letters, or one twice."""
        if not isinstance(value, str):
            return KindError
        known = set(value) <= set(self.letters) and len(set(value)) == len(value)
        return None if known else UnknownNameError


@dataclass(frozen=True)
class Pointwise(Kind):
    """A function of one number."""

    def allowed(self) -> tuple[str, str]:
        """Names."""
        return (
            "a function of one number, such as sigmoid, or a name of your own",
            "一元函数，如 sigmoid，或自取的函数名",
        )

    def read(self, text: str) -> Any:
        """A known function, or one that stays abstract."""
        found = functions().get(text)
        if found is not None:
            return found.call
        return function(text) if text.isidentifier() else text

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """What is no function of one number."""
        try:
            made = value(sg.input("z"))
        except (TypeError, SymgraphError):
            return KindError
        return None if isinstance(made, Node) and made.shape == () else KindError


@dataclass(frozen=True)
class Several(Kind):
    """Several values of one kind; on the command line joined by -, as 2000-500-250-125-2."""

    kind: Kind
    least: int = 1
    most: int | None = None

    def allowed(self) -> tuple[str, str]:
        """How many, and of what."""
        each, each_zh = self.kind.allowed()
        more, more_zh = ("", "") if self.most == self.least else (" or more", "或更多")
        return (
            f"{self.least}{more} values joined by -, each {each}",
            f"以 - 连接的 {self.least} 个{more_zh}值，每个为{each_zh}",
        )

    def read(self, text: str) -> Any:
        """The parts."""
        return tuple(self.kind.read(part) for part in text.split("-"))

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Of the number of values, or of one of them."""
        if isinstance(value, (str, Node)) or not isinstance(value, Sequence):
            return KindError
        if not self.least <= len(value) <= (self.most or math.inf):
            return RangeError
        return next((wrong for one in value if (wrong := self.kind.mistake(one))), None)


@dataclass(frozen=True)
class Interval(Kind):
    """Two whole numbers, the lower one first; on the command line 10:101."""

    def allowed(self) -> tuple[str, str]:
        """As typed."""
        return "LOW:HIGH, two whole numbers in order", "LOW:HIGH，两个从小到大的整数"

    def read(self, text: str) -> Any:
        """Both borders."""
        return tuple(Whole().read(part) for part in text.split(":"))

    def mistake(self, value: Any) -> type[SymgraphError] | None:
        """Of kind, or out of order."""
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            return KindError
        if any(isinstance(one, bool) or not isinstance(one, numbers.Integral) for one in value):
            return KindError
        return None if value[0] < value[1] else RangeError


#: The number of units, inputs, features, ...
Size = Annotated[int, Whole()]
#: A number of parts that are written one by one.
Count = Annotated[int, Whole(most=1000)]
#: A share, such as that of units that are left out.
Share = Annotated[float, Real(share=True)]
#: Any number, such as a threshold.
Number = Annotated[float, Real()]
#: The number of steps, or its name.
Length = Annotated[DimLike, Whole(named=True)]
#: The sizes of layers, in order.
Sizes = Annotated[Sequence[int], Several(Whole(), 2)]
#: A learning rate.
Rate = Annotated[float, Real(above=0)]
#: A small positive number.
Epsilon = Annotated[float, Real(above=0)]
#: A pointwise function.
Function = Annotated[Callable[[Node], Node], Pointwise()]

#: Two pointwise functions, of the hidden and of the output layer.
Functions = Annotated[tuple[Callable[[Node], Node], ...], Several(Pointwise(), 2, 2)]
#: Intervals of whole numbers.
Intervals = Annotated[Sequence[tuple[int, int]], Several(Interval())]


@functools.cache
def kinds_of(made: Callable[..., Any]) -> Mapping[str, Kind]:
    """The kind of every option of a builder, as declared."""
    made = inspect.unwrap(made)
    hints = get_type_hints(made, include_extras=True)
    return {name: _kind(hints.get(name), name) for name in inspect.signature(made).parameters}


def _kind(hint: Any, name: str) -> Kind:
    found = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Kind)]
    if found:
        return found[0]
    if hint is bool:
        return Flag()
    assert get_origin(hint) is Literal, f"the option {name} declares no range"
    return Word(get_args(hint))


def system(**limits: Callable[..., int]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A builder whose options are checked; `limits` gives upper ends by the values of others."""

    def decorated(made: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(made)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            where = f"zoo: {made.__name__}"
            try:
                given = inspect.signature(made).bind(*args, **kwargs)
            except TypeError as error:
                raise _no_option(where, str(error), made) from None
            given.apply_defaults()
            _check(given.arguments, made, limits, where, {})
            return made(*args, **kwargs)

        vars(checked)["limits"] = limits
        return checked

    return decorated


def made_from_text(
    made: Callable[..., Any], texts: Sequence[str], where: str, chinese: bool = False
) -> Any:
    """What a builder makes with options of the command line, name=value.

    Raises as the builder, and UnknownNameError for an option that there is not, also in Chinese.
    """
    kinds = kinds_of(made)
    given: dict[str, Any] = {}
    typed: dict[str, str] = {}
    for text in texts:
        key, _, value = (part.strip() for part in text.partition("="))
        if key not in kinds:
            raise _no_option(where, f"there is no option {key!r}", made, key if chinese else "")
        given[key], typed[key] = kinds[key].read(value), value
    raw = inspect.unwrap(made)
    filled = inspect.signature(raw).bind(**given)
    filled.apply_defaults()
    _check(filled.arguments, raw, getattr(made, "limits", {}), where, typed, chinese)
    return raw(**given)


def _no_option(
    where: str, problem: str, made: Callable[..., Any], chinese_of: str = ""
) -> UnknownNameError:
    """The error; in Chinese of an option of this name."""
    known = list(kinds_of(made))
    if chinese_of:
        rest = f"可用的选项：{'、'.join(known)}" if known else "它没有选项"
        return UnknownNameError(f"{where}：没有名为 {chinese_of!r} 的选项；{rest}。")
    return UnknownNameError(f"{where}: {problem}, only {', '.join(known) or 'none'}.")


def _check(
    given: Mapping[str, Any],
    made: Callable[..., Any],
    limits: Mapping[str, Any],
    where: str,
    typed: Mapping[str, str],
    chinese: bool = False,
) -> None:
    """Raise for the first option that is not offered, which is shown as it was typed."""
    kinds = kinds_of(made)
    shown = {name: f"{name}={typed.get(name, _text(value))}" for name, value in given.items()}
    for name, value in given.items():
        wrong = kinds[name].mistake(value)
        if wrong is not None:
            raise wrong(_refusal(where, shown[name], "", kinds[name], chinese))
    for name, limit in limits.items():
        others = [*inspect.signature(limit).parameters]
        kind = _up_to(kinds[name], limit(*(given[one] for one in others)))
        if kind.mistake(given[name]) is not None:
            beside = ", ".join(shown[one] for one in others)
            raise RangeError(_refusal(where, shown[name], beside, kind, chinese))


def _refusal(where: str, shown: str, beside: str, kind: Kind, chinese: bool) -> str:
    """Why an option is refused, alone or beside others, and what may be written."""
    allowed = kind.allowed()[chinese]
    if chinese:
        return f"{where}：{f'{beside} 时' if beside else ''}不能取 {shown}；可写：{allowed}。"
    return f"{where}: {shown} is not offered{beside and f' with {beside}'}; write {allowed}."


def _up_to(kind: Kind, most: int) -> Kind:
    if isinstance(kind, Several):
        return replace(kind, kind=_up_to(kind.kind, most))
    assert isinstance(kind, Whole)
    return replace(kind, most=max(most, kind.least))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
