"""A progress bar on stderr, and an interruption that waits for the end of a step."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from types import FrameType
from typing import Any, Self

__all__ = ["Bar", "Interruption", "Terminated"]

SECONDS = 0.1  # between two updates of the bar


class Bar:
    """The steps done, their rate, the time left and the loss.

    `shown` None shows it when stderr is a terminal and in a notebook, True always, False never.
    """

    def __init__(self, shown: bool | None, epochs: int, total: int | None, done: int) -> None:
        if shown is None:
            shown = _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())
        self._epochs = epochs
        self._done, self._pending = done, 0  # steps that are shown, and those that are not yet
        self._last = time.monotonic()
        self._values: dict[str, float] = {}  # shown last
        self._bar: Any = _tqdm(total, done) if shown else None

    def advance(self, epoch: int, loss: float, done: int) -> None:
        """Further steps, up to so many since the training began."""
        if self._bar is None:
            return
        self._pending = done - self._done
        now = time.monotonic()
        if now - self._last >= SECONDS:
            self._last = now
            self.show(epoch, {"loss": loss})

    def show(self, epoch: int, values: Mapping[str, float]) -> None:
        """Bring the bar up to date, with these values behind it; others stay as they were."""
        if self._bar is None:
            return
        self._values |= values
        text = "  ".join(f"{name}={value:.4g}" for name, value in self._values.items())
        self._bar.set_description_str(f"epoch {epoch}/{self._epochs}", refresh=False)
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(self._pending)
        self._done += self._pending
        self._pending = 0

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Leave the bar as it is, and begin a new line."""
        if self._bar is not None:
            self._bar.close()

    def __exit__(self, *failure: object) -> None:
        self.close()


def _tqdm(total: int | None, done: int) -> Any:
    given = {"total": total, "initial": done, "unit": "step"}
    if _in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as widget

        return widget(**given)
    from tqdm import tqdm

    return tqdm(**given, file=sys.stderr, dynamic_ncols=True)  # without colours, as NO_COLOR asks


def _in_notebook() -> bool:
    """Whether a person reads along in Jupyter."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class Terminated(SystemExit):
    """The system asked this process to end (SIGTERM), after a step that was done whole."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class Interruption:
    """While this is open, the first Ctrl-C only sets `asked`, so that no step is left half done.

    A second one raises KeyboardInterrupt at once. With `joint` it sets `heard` instead: `asked` is
    set when all workers of a training know. With `terminating` the signal that a system sends
    before it shuts down (SIGTERM) is heard as well: Terminated follows when this is closed, with
    the exit code that a shell gives to it. Outside of the main thread, or when the program has a
    handler of its own, nothing is changed.
    """

    def __init__(self, terminating: bool = False, joint: bool = False) -> None:
        self.asked = False
        self.heard = False
        self._joint = joint
        self._ends = False
        self._previous: dict[int, Any] = {}
        self._heard: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
        if terminating:
            self._heard[signal.SIGTERM] = signal.SIG_DFL

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number, usual in self._heard.items():
                if signal.getsignal(number) is usual:
                    self._previous[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self._ends = True
        elif self.heard:
            raise KeyboardInterrupt
        self.heard = True
        self.asked = self.asked or not self._joint

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self._ends and failure[0] is None:
            raise Terminated
