"""Programs on arrays that stay."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from symgraph.codegen.boundary import Entered, Fixed

__all__ = ["KEPT", "Bound", "Workspace"]

KEPT = 8  # workspaces for so many different sizes are kept


class Attached(Protocol):
    """Memory and the arrays that it works on."""

    def step(self) -> Any:
        """Run once and return the outputs."""

    def steps(self, count: int) -> Any:
        """Run `count` times and return the outputs of the last time; None for no times."""


class NativeWorkspace(Protocol):
    """Memory of a kernel of the loader."""

    def placed(self, arrays: Sequence[Any], **options: Any) -> Any:
        """The kernel on arrays, and on places for others where there is None."""

    @property
    def attempt(self) -> Callable[..., Any]:
        """A step on arrays that the kernel itself looks at; NotImplemented for unfit ones."""


class Workspace(Protocol):
    """Memory for one call at a time; what a native one attaches is a kernel of the loader."""

    @property
    def native(self) -> NativeWorkspace | None:
        """Itself where it belongs to a kernel of the loader."""

    def run(self, arrays: Sequence[Any]) -> Any:
        """The outputs for these arrays."""

    def attached(self, arrays: Sequence[Any]) -> Attached:
        """The memory with these arrays."""


class Bound:
    """A program with its arrays and its memory: `step()` runs it once, `steps(n)` n times.

    Arguments that were not bound are given to each step, in order or by name. One thread runs at
    a time; others wait.
    """

    def __init__(self, workspace: Callable[[tuple[int, ...]], Workspace], fixed: Fixed) -> None:
        self._checked = _Checked(workspace, fixed, weakref.WeakMethod(self._enter))
        self._kernels: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._kernel: Any = None
        if self._checked.entered is not None:
            self._enter(self._checked.entered)

    @property
    def arrays(self) -> dict[str, Any]:
        """The bound arrays by name."""
        found: dict[str, Any] = self._checked.fixed.arrays
        return found

    @property
    def kernel(self) -> Any:
        """The kernel of the loader on the arrays; None in NumPy, and where they are not all bound.

        It leaves the arrays alone that are no plain ones and had to be copied: None for those too.
        """
        return None if self._checked.fixed.open else self._kernel

    def step(self, *arrays: Any, **named: Any) -> Any:
        """Run once and return the outputs."""
        if self._kernel is not None:  # this method was taken before there was one
            return self._kernel.step(*arrays, **named)
        return self._checked.step(*arrays, **named)

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Run once and return the outputs."""
        return self.step(*arrays, **named)

    def steps(self, count: int, *arrays: Any, **named: Any) -> Any:
        """Run `count` times and return the outputs of the last time; None for no times."""
        if self._kernel is not None:
            return self._kernel.steps(count, *arrays, **named)
        return self._checked.steps(count, *arrays, **named)

    def _enter(self, entered: Entered) -> None:
        """From now on `step` and `steps` are methods of the kernel for the sizes of this run.

        Nothing of Python lies in between then; it comes back with what it cannot take as it is.
        """
        kernel = self._kernels.get(entered.sizes)
        if kernel is None:
            first = {} if self._kernel is None else {"first": self._kernel}
            kernel = self._checked.kernel(entered, first)
            if kernel is None:
                return
            self._kernels[entered.sizes] = kernel
            if len(self._kernels) > KEPT:
                self._kernels.popitem(last=False)
        if kernel is not self._kernel:
            self._kernel = kernel
            vars(self).update(step=kernel.step, steps=kernel.steps)


class _Checked:
    """The steps of a bound program by way of the boundary. `enter` is told of every run."""

    def __init__(
        self,
        workspace: Callable[[tuple[int, ...]], Workspace],
        fixed: Fixed,
        enter: Callable[[], Callable[[Entered], None] | None],
    ) -> None:
        self._workspace, self.fixed, self._enter = workspace, fixed, enter
        self._lock = threading.Lock()
        self._spaces: OrderedDict[tuple[int, ...], Workspace] = OrderedDict()
        self._ready: Attached | None = None
        self.entered = None if fixed.open else fixed.enter((), {})

    def kernel(self, entered: Entered, options: dict[str, Any]) -> Any:
        """A kernel that takes the open arguments by itself; None where there can be none."""
        arrays = self.fixed.kept(entered)
        if arrays is None:
            return None
        space = self._space(entered.sizes).native
        if space is None:
            return None
        del self._spaces[entered.sizes]  # its memory serves nobody now
        return space.placed(arrays, otherwise=(self.step, self.steps), **options)

    def step(self, *arrays: Any, **named: Any) -> Any:
        """Run once and return the outputs."""
        with self._lock:
            return self._once(arrays, named)

    def steps(self, count: int, *arrays: Any, **named: Any) -> Any:
        """Run `count` times and return the outputs of the last time; None for no times."""
        with self._lock:
            if self.entered is not None and not arrays and not named and count > 0:
                return self._run(self.entered, count)
            values = None
            for _ in range(count):
                values = self._once(arrays, named)
            return values

    def _once(self, arrays: Any, named: Any) -> Any:
        if self.entered is not None and not arrays and not named:
            return self._run(self.entered, 1)
        entered = self.fixed.enter(arrays, named)
        values = self._space(entered.sizes).run(entered.arrays)
        entered.leave()
        enter = self._enter()
        if enter is not None:
            enter(entered)
        return values

    def _run(self, entered: Entered, count: int) -> Any:
        if self._ready is None:
            self._ready = self._space(entered.sizes).attached(entered.arrays)
        entered.refresh()
        values = self._ready.step() if count == 1 else self._ready.steps(count)
        entered.leave()
        return values

    def _space(self, sizes: tuple[int, ...]) -> Workspace:
        space = self._spaces.get(sizes)
        if space is None:
            space = self._spaces[sizes] = self._workspace(sizes)
            if len(self._spaces) > KEPT:
                self._spaces.popitem(last=False)
        self._spaces.move_to_end(sizes)
        return space
