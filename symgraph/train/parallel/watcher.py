"""Wait until one of some processes ends, and say which: `watcher.py FOLDER PROCESS ...`.

It runs by itself beside the workers, whose processors it takes while it starts. Hence it imports
next to nothing: `json`, `pathlib` and `subprocess` take three times as long as Python itself.
"""

import os
import select
import sys


def first_death(workers: list[int]) -> int:
    """The number of the worker that ends before the others."""
    deaths, numbers = select.epoll(), {}
    for number, process in enumerate(workers):
        try:
            file = os.pidfd_open(process)
        except ProcessLookupError:
            return number
        deaths.register(file, select.EPOLLIN)
        numbers[file] = number
    # the events come in the order in which they happened: the first is the cause of the others
    return numbers[deaths.poll()[0][0]]


def tell(number: int, workers: list[int], folder: str) -> None:
    """One line on stderr: who is gone, and what is left."""
    line = (
        f"symgraph: worker {number} of {len(workers)} (process {workers[number]}) is gone, killed "
        f"or crashed, and the training ends with it. {kept(folder)}\n"
    )
    os.write(2, line.encode(errors="surrogateescape"))  # whole, whoever else writes


def kept(folder: str) -> str:
    """What a training can go on from, in a folder of checkpoints; "" where there is none."""
    if not folder:
        return "Nothing was kept: with checkpoint= (--checkpoint FOLDER) a training can go on."
    from pathlib import Path  # when all is over: see above

    files = [*Path(folder).glob("step-*.safetensors")]
    if not files:
        return f"There is no checkpoint in {folder!r} yet: start anew."
    last = max(files, key=lambda file: file.name[5:].zfill(40))
    return f"{str(last)!r} is whole; go on from it with resume=True (--resume)."


if __name__ == "__main__":
    watched = [int(text) for text in sys.argv[2:]]
    tell(first_death(watched), watched, sys.argv[1])
