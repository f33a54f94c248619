"""What the step of a loop takes and gives: values, or nested tuples and dicts of values."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from symgraph.build.coerce import as_node
from symgraph.errors import KindError, NameClashError
from symgraph.shapes import shape_text

__all__ = ["Argument", "arguments_of", "leaves", "like", "mapped", "names_in", "shapes_of", "split"]


def leaves(tree: Any) -> list[Any]:
    """The values of nested tuples and dicts, in order; None has none."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in leaves(tree[key])]
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def like(tree: Any, leaves: Iterator[Any]) -> Any:
    """Nested tuples and dicts of the same form with other values."""
    if isinstance(tree, dict):
        return {key: like(tree[key], leaves) for key in tree}
    if isinstance(tree, tuple):
        parts = [like(part, leaves) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return None if tree is None else next(leaves)


def mapped(tree: Any, title: str) -> Any:
    """The same form with its values as nodes."""
    return like(tree, iter([as_node(leaf, title) for leaf in leaves(tree)]))


def _matches(value: Any, form: Any) -> bool:
    if isinstance(form, dict):
        same = isinstance(value, dict) and value.keys() == form.keys()
        return same and all(_matches(value[key], form[key]) for key in form)
    if isinstance(form, tuple):
        same = isinstance(value, tuple) and len(value) == len(form)
        return same and all(map(_matches, value, form))
    return value is not None and not isinstance(value, (dict, tuple))


def split(returned: Any, form: Any) -> tuple[Any, Any]:
    """New states in the form of the initial ones, and outputs."""
    if _matches(returned, form):
        return _in_order(returned, form), None
    if isinstance(returned, tuple) and len(returned) == 2 and _matches(returned[0], form):
        return _in_order(returned[0], form), returned[1]
    raise KindError(
        f"scan: the step returned {form_text(returned)}, the initial states are "
        f"{form_text(form)}. Return new states in that form, or (new states, outputs)."
    )


def _in_order(value: Any, form: Any) -> Any:
    """The same values with the keys of dicts in the order of `form`."""
    if isinstance(form, dict):
        return {key: _in_order(value[key], form[key]) for key in form}
    return tuple(map(_in_order, value, form)) if isinstance(form, tuple) else value


def form_text(tree: Any) -> str:
    """The form in words."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {form_text(tree[key])}" for key in tree) + "}"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(form_text, tree)) + ("," if len(tree) == 1 else "") + ")"
    return "None" if tree is None else "a value"


class Argument(NamedTuple):
    """One parameter of the step: a state or an entry of a sequence, or a form of several."""

    name: str
    group: str
    tree: Any


def arguments_of(
    step: Callable[..., Any], states: Any, entries: Any
) -> tuple[list[Argument], bool]:
    """The states and sequences as parameters of the step, and whether to pass them by name."""
    found: list[tuple[str | None, str, Any]] = []
    for group, tree in (("state", states), ("sequence", entries)):
        if isinstance(tree, dict):
            found += [(str(key), group, part) for key, part in tree.items()]
        else:
            parts = tree if isinstance(tree, tuple) else (tree,)
            found += [(None, group, part) for part in parts]
    taken = [name for name, _, _ in found if name is not None]
    twice = sorted({name for name in taken if taken.count(name) > 1})
    if twice:
        raise NameClashError(
            f"scan: {twice[0]!r} is a state and a sequence; give one of them another name."
        )
    free = iter(_free_parameters(step, taken, len(found) - len(taken)))
    named = [
        Argument(next(free) if name is None else name, group, tree) for name, group, tree in found
    ]
    return named, bool(taken)


def _free_parameters(step: Callable[..., Any], taken: list[str], count: int) -> list[str]:
    """The names of the step's parameters for `count` values beside those given by name."""
    try:
        parameters = list(inspect.signature(step).parameters.values())
    except (TypeError, ValueError):  # some built-in functions do not tell
        return [f"v{k}" for k in range(count)]
    kinds = [one.kind for one in parameters]
    plain = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    free = [one for one in plain if one.name not in taken]
    names = [one.name for one in free]
    required = sum(one.default is one.empty for one in free)
    if inspect.Parameter.VAR_POSITIONAL in kinds and not taken:
        names += [f"v{k}" for k in range(len(names), count)]
    strange = [] if inspect.Parameter.VAR_KEYWORD in kinds else set(taken) - {p.name for p in plain}
    if strange or not required <= count <= len(names):
        by_name = f"{', '.join(taken)} by name and " if taken else ""
        raise KindError(
            f"scan: the step has parameters ({', '.join(p.name for p in plain)}), it is given "
            f"{by_name}{count} by position. Give it one parameter for each state, then one for "
            "each sequence."
        )
    return names[:count]


def shapes_of(tree: Any) -> str:
    """The shapes of the values, in their form."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {shapes_of(tree[key])}" for key in tree) + "}"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(shapes_of, tree)) + ")"
    return shape_text(tree.shape)


def names_in(argument: Argument) -> list[str]:
    """A name for each value of an argument."""
    count = len(leaves(argument.tree))
    if not isinstance(argument.tree, (tuple, dict)):
        return [argument.name]
    return [f"{argument.name}_{k}" for k in range(count)]
