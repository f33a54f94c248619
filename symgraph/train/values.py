"""The arrays that live between steps: parameters, states and what an optimizer remembers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from numpy.typing import NDArray

from symgraph.codegen.numpy_runtime import slots
from symgraph.codegen.outside import NO_ARRAY, from_outside, is_masked, said_of
from symgraph.errors import KindError, ShapeError, UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.train.names import unknown_name

__all__ = ["Values"]


class Values(MutableMapping[str, NDArray[Any]]):
    """Arrays by name, all of them views of one vector, `flat`.

    `values[name]` is the array itself: change it in place, or assign an array of its shape, which
    is copied into it. Names cannot be added or removed. The variables in `first` lie at the
    beginning of the vector.

    >>> import symgraph as sg
    >>> values = Values("parameter", [sg.parameter("w", 2)], {"w": [1.0, 2.0]}, "float64")
    >>> values["w"] = [3, 4]
    >>> values["w"][0] += 0.5
    >>> values.flat.tolist()
    [3.5, 4.0]
    """

    def __init__(
        self,
        what: str,
        variables: Sequence[Var],
        start: Mapping[str, Any],
        dtype: str,
        first: Sequence[Var] = (),
    ) -> None:
        self.what = what
        self.variables = {variable.name: variable for variable in variables}
        shapes = {v.name: tuple(int(size) for size in v.shape) for v in variables}
        self.flat: NDArray[Any] = slots([sum(map(math.prod, shapes.values()))], dtype)[0]
        self._views: dict[str, NDArray[Any]] = dict.fromkeys(shapes, self.flat)
        place = 0
        for name in dict.fromkeys([*(v.name for v in first), *shapes]):
            end = place + math.prod(shapes[name])
            self._views[name] = self.flat[place:end].reshape(shapes[name])
            self[name] = start[name]
            place = end

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._views:
            raise unknown_name(f"{self.what}s", f"a {self.what}", name, self._views)
        return self._views[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self[name][...] = self.check(name, value)

    def by_variable(self) -> dict[Node, NDArray[Any]]:
        """The arrays by their variables."""
        return {node: self._views[name] for name, node in self.variables.items()}

    def check(self, name: str, value: Any) -> NDArray[Any]:
        """The value as an array that fits the name.

        Raises KindError for what is no array of real numbers, ShapeError for another shape.
        """
        view = self[name]
        if is_masked(value):
            raise KindError(
                f"{self.what} {name!r}: a masked array is given, and the mask would be lost. Fill "
                "it with .filled(value)."
            )
        try:
            array = from_outside(value)
        except NO_ARRAY as error:
            raise KindError(
                f"{self.what} {name!r}: what is given is not an array: {said_of(error)}"
            ) from error
        if array.dtype.kind not in "biuf":
            raise KindError(
                f"{self.what} {name!r}: an array of dtype {array.dtype} does not hold real "
                "numbers. Convert it, for example with np.asarray(a, dtype=float)."
            )
        if array.shape != view.shape:
            raise ShapeError(
                f"{self.what} {name!r} has shape {view.shape}, and the array given {array.shape}. "
                "Give an array of the same shape."
            )
        return array

    def __delitem__(self, name: str) -> None:
        raise UnsupportedError(
            f"{self.what} {name!r} belongs to the graph and cannot be removed. Make another model."
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __contains__(self, name: object) -> bool:
        return name in self._views

    def __repr__(self) -> str:
        return repr(self._views)
