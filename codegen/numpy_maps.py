"""Basic operations in NumPy: one call an operation, and plain Python for single numbers."""

from __future__ import annotations

from dataclasses import replace

from symgraph.codegen.basic import ARITHMETIC, op_of
from symgraph.codegen.numpy_rows import by_rows
from symgraph.codegen.numpy_writer import Value, Writer, identity
from symgraph.codegen.plan import node_storage
from symgraph.node import Kind, Node, promote

__all__ = ["emit_map"]

#: Basic operation: the NumPy function.
_UFUNCS: dict[str, str] = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "atan2": "arctan2", "abs": "absolute",
}  # fmt: skip

#: Basic operation: the Python expression on numbers.
_NUMBERS: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "negative": "-{0}",
    "square": "{0} * {0}", "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "equal": "{0} == {1}",
    "not_equal": "{0} != {1}", "logical_and": "{0} and {1}", "logical_or": "{0} or {1}",
    "logical_not": "not {0}", "where": "{1} if {0} else {2}", "abs": "abs({0})",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}",
    "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "floor": "whole({0}, math.floor)", "ceil": "whole({0}, math.ceil)", "iverson": "int({0})",
}  # fmt: skip

#: Operations whose result is one of their operands, be it True, 1 or 1.0.
_CHOICES = ("where", "maximum", "minimum")


def emit_map(w: Writer, node: Node, note: str) -> None:
    """The lines that compute a basic operation."""
    op = op_of(node)
    assert op is not None, "a Map that was not lowered"
    values = [w.value(arg) for arg in node.args]
    storage = node_storage(node, [value.storage for value in values])
    if all(size == 1 for size in node.shape):  # NumPy is slow on arrays of one entry
        values = [w.item(arg) for arg in node.args]
    if all(value.form == "number" for value in values):
        _emit_number(w, node, op, values, storage, note)
        return
    if op == "iverson":  # NumPy counts True as 1 wherever numbers are asked for
        value = values[0]
        w.define(node, replace(value, views=value.views))
        return
    values = _counted(w, op, values)
    if op == "where":
        _emit_where(w, node, values, storage, note)
        return
    out = _result(w, node, values, storage, values)
    joint = promote(*(value.storage for value in values))
    if op == "square":  # NumPy has wider vectors for products than for squares
        op, values = "multiply", [*values, *values]
    extreme = op in ("maximum", "minimum")
    if extreme or not any(value.literal for value in values):
        seen = by_rows(w, node, values, joint, out)
        if seen is not None:
            operands = ", ".join(value.text for value in seen[0])
            w.say(f"{w.ufunc(_UFUNCS.get(op, op))}({operands}, out={seen[1].text})", note)
            w.define(node, out)
            return
    if extreme:
        values = [w.repeated(v, joint, node.shape) if v.literal else v for v in values]
    parted = next((value.parts for value in (*values, out) if value.parts), "")
    if parted:
        _say_by_parts(w, _UFUNCS.get(op, op), values, joint, out, parted, note)
        w.define(node, out)
        return
    operands = ", ".join(_same_rank(w, value, node, joint) for value in values)
    w.say(f"{w.ufunc(_UFUNCS.get(op, op))}({operands}, out={out.text})", note)
    w.define(node, out)


def _say_by_parts(
    w: Writer, ufunc: str, values: list[Value], joint: Kind, out: Value, like: str, note: str
) -> None:
    """An operation on vectors of which one is a list of parts: one part after the other."""
    lists: dict[str, str] = {}  # of parts, and the name of each part

    def part(value: Value) -> str:
        return lists.setdefault(w.cut(value, like), f"{value.text}_i")

    operands = [part(v) if v.form == "array" else w.operand(v, joint) for v in values]
    text = f"{w.ufunc(ufunc)}({', '.join(operands)}, out={part(out)})"
    names, whole = ", ".join(lists.values()), ", ".join(lists)
    w.say(f"for {names} in {whole if len(lists) == 1 else f'zip({whole})'}: {text}", note)


def _emit_number(
    w: Writer, node: Node, op: str, values: list[Value], storage: Kind, note: str
) -> None:
    texts = [_number_text(value, storage) for value in values]
    expression = _NUMBERS.get(op)
    if op in ("floor", "ceil") and storage != "real":
        text = texts[0]
    elif expression is not None:
        text = expression.format(*texts)
        if "whole(" in text:
            w.call("whole")
        chosen = values[1:] if op == "where" else values
        if op in _CHOICES and any(v.storage != storage and not v.literal for v in chosen):
            text = f"{'float' if storage == 'real' else 'int'}({text})"
    elif op == "divide" and values[1].literal and float(texts[1]) != 0:
        text = f"{texts[0]} / {texts[1]}"
    elif op == "divide":
        w.call("divide")
        text = f"{texts[0]} / {texts[1]} if {texts[1]} else divide({texts[0]}, {texts[1]})"
    else:
        text = f"{w.call(op)}({', '.join(texts)})"
    name = w.name(w.prefix)
    w.say(f"{name} = {text}", note)
    w.define(node, w.number(name, node.shape, storage))


def _number_text(value: Value, storage: Kind) -> str:
    """A number among reals; 2 is written 2.0 there."""
    if value.literal and storage == "real" and value.storage == "integer":
        return f"{value.text.rstrip(')')}.0{')' if value.text.endswith(')') else ''}"
    return value.text


def _counted(w: Writer, op: str, values: list[Value]) -> list[Value]:
    """Booleans as integers where NumPy would treat them as logical values."""
    if op == "where" or op.startswith(("logical", "less", "greater", "equal", "not_equal")):
        return values
    if op in ARITHMETIC and op != "negative" and any(v.storage == "real" for v in values):
        return values
    return [w.array(v, "integer") if v.storage == "boolean" else v for v in values]


def _result(
    w: Writer, node: Node, values: list[Value], storage: Kind, reusable: list[Value]
) -> Value:
    """Where the result goes: as told, into the memory of a dying operand, or into new memory."""
    told = w.destination.get(node)
    if told is not None and told.storage == storage:
        return told
    for value in reusable:
        fits = value.form == "array" and value.shape == node.shape and value.storage == storage
        if fits and w.is_dying(value, node):
            return value
    dense = None
    for value in values:
        if value.form == "array" and value.shape == node.shape and value.dense is not None:
            dense = value.dense
            break
    return w.allocate(node.shape, storage, dense)


def _same_rank(w: Writer, value: Value, node: Node, joint: Kind) -> str:
    """An operand, under the shape of the result where only axes of size 1 are missing.

    NumPy is three times faster on small operands of one shape than where it has to broadcast.
    """
    missing = node.shape[: len(node.shape) - len(value.shape)]
    ones = missing and all(size == 1 for size in missing)
    if value.form == "array" and value.is_plain and ones and value.shape:
        view = f"{{0}}.reshape({w.shape(node.shape)})"
        same = (*missing, *value.shape) == node.shape
        if same:
            return w.derive(value, view, node.shape, identity(node.shape)).text
    return w.operand(value, joint)


def _emit_where(w: Writer, node: Node, values: list[Value], storage: Kind, note: str) -> None:
    """Both branches are there: the result is the second, overwritten where the first is taken."""
    condition, taken, other = values
    whole = condition.form == "array" and condition.shape == node.shape
    fits = taken.form == "number" or (taken.shape == node.shape and taken.is_plain)
    if not (whole and fits and condition.is_plain):
        out = _result(w, node, values, storage, [])
        w.say(f"{out.text}[...] = np.where({', '.join(v.text for v in values)})", note)
        w.define(node, out)
        return
    out = _result(w, node, [v for v in values if v.is_plain], storage, [other])
    if out.text != other.text:
        w.say(f"{out.text}[...] = {other.text}")
    if out.is_plain:
        taken = taken if taken.form == "number" else w.array(taken, storage)
        w.say(f"np.putmask({out.text}, {condition.text}, {w.operand(taken, storage)})", note)
    else:
        w.say(f"np.copyto({out.text}, {taken.text}, where={condition.text})", note)
    w.define(node, out)
