"""Where a step spends its time, block by block, and the least that each could take.

The emitted C is built once more with a clock around every product and loop. What a block takes at
the least is read off its text: multiply-adds at the speed of a loop that loads what it multiplies,
divisions and roots, which have one unit, or its arrays, read at the speed of the memory that all of
its neighbours lie in.
"""

from __future__ import annotations

import ctypes
import importlib
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from benchmarks.compiler import CONTESTS
from benchmarks.contest import Contest
from benchmarks.limits import Limits
from benchmarks.numpy_products import products_of
from benchmarks.sizes import chosen
from benchmarks.worker import STILL, named

__all__ = ["Reader", "changed", "clocked", "missed", "profile", "write"]

_ROUNDS, _STEPS, _SECONDS = 7, 100, 0.3  # so many steps at most, for so long
_SHOWN = 0.01  # of the time of all: smaller blocks are added up
_HEAD = re.compile(
    r"( +)(for \(i64 (\w+) = [^;]*; \w+ <?>?=? ?([^;]*);|f->lib->\w+\(|\w+_shared_\d+\(f)"
)
_SHARED = re.compile(
    r"^static [^\n]*void (\w+_shared_\d+)\(const sg_frame \*f(.*?)\)\n\{\n(.*?)^\}", re.M | re.S
)
_ENTRY = re.compile(r"\b([a-z]+\d+)\[")
_NOTE = re.compile(r"/\* (.*?) \*/")
_CALL = re.compile(r"f->lib->(gemm|rows|dots|sparse)_\w+\((.*)")
_SHARE = re.compile(r", of 1 entry in (\d+) \*/")


INTRODUCTION = """Written by `python -m benchmarks profile`: steps that miss their floor in
[RESULTS.md](RESULTS.md), as a median or in one of the rounds, at other sizes those that miss it the
farthest; and what bounds them on this machine."""


#: What hand-written C did where the floors were set: a core of another generation.
FLOORS = """The floors come from hand-written C on a core (AMD Zen 5) of 267 GFLOP/s and 14 roots a
nanosecond, which reads 559 GB/s from the L1 cache and 241 from L2. Where a block is bound by one of
these, the lead over a peer that is bound by its calls and copies grows with the core: the best peer
took 10.8 µs there for a step of W2 with batch 1, 32.5 with batch 32, 67 for W3 and 756 for W4."""


class Part(NamedTuple):
    """What a line of the report says: seconds, and the least of them with its reason."""

    name: str
    seconds: float
    least: float
    reason: str


@dataclass
class Block:
    """Some lines of the text: a product, or a loop with all inside of it."""

    lines: list[str]
    times: int = 1  # how often it runs in a step
    over_time: str = ""  # the loop over time that it stands in
    seconds: float = 0.0

    def taken(self, batch: int) -> list[str]:
        """The lines that run: for a batch of one there may be a form of its own."""
        found, runs = [], True
        for line in self.lines:
            if line.strip() in ("if (n1 == 1) {", "} else {"):
                runs = (batch == 1) == line.strip().startswith("if")
            elif runs:
                found.append(line)
        return found

    @property
    def name(self) -> str:
        """Its first note and its last, or its text."""
        found = [note for line in self.lines for note in _NOTE.findall(line)]
        notes = [note for part in found for note in part.split("; ")]
        texts = notes or [self.lines[0].strip()]
        shown = texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"
        return f"{shown}, {self.times} times" if self.times > 1 else shown


# --- the text with clocks ------------------------------------------------------------------------


def clocked(text: str) -> tuple[str, list[Block]]:
    """The program with two numbers a block, the fewest ticks and how often it ran."""
    blocks: list[Block] = []
    out: list[str] = ["extern unsigned long long sg_least[], sg_count[];"]
    open_: list[tuple[str, Block, int]] = []
    over_time, inside, pragmas = "", False, list[str]()
    shared = {each[1]: (each[2], each[3]) for each in _SHARED.finditer(text)}
    for line in text.split("\n"):
        inside = not line.startswith("}") and (
            inside or (line.startswith("static i64 ") and "(const sg_frame" in line)
        )
        head = _HEAD.match(line) if inside else None
        if line.strip().startswith("SG_") and inside:
            pragmas.append(line)
            continue
        if head and head[3] and head[3].startswith("t") and not open_:
            over_time, head = line, None
        if head and not open_:
            block = Block([line, *_called(line, shared)], over_time=over_time)
            blocks.append(block)
            out += [_clock(len(blocks) - 1), *pragmas, line]
            if head[3]:
                open_.append((head[1], block, len(blocks) - 1))
            else:
                out.append(_stop(len(blocks) - 1))
        else:
            out += [*pragmas, line]
            if open_:
                open_[-1][1].lines.append(line)
        pragmas = []
        if open_ and line == open_[-1][0] + "}":
            out.append(_stop(open_.pop()[2]))
        elif over_time and line == re.match(" *", over_time)[0] + "}":  # type: ignore[index]
            over_time = ""
    count = len(blocks)
    out.append(f"unsigned long long sg_least[{count}], sg_count[{count}];")
    return "\n".join(out), blocks


def _called(line: str, shared: dict[str, tuple[str, str]]) -> list[str]:
    """What a shared function does with these arguments; none where none is called."""
    name, _, given = line.strip().partition("(f, ")
    if name not in shared:
        return []
    declared, body = shared[name]
    names = [one.split()[-1].removeprefix("*") for one in declared.split(",")[1:]]
    values = dict(zip(names, given.split(");")[0].split(", "), strict=True))
    words = re.sub(r"\b[am]\d+\b", lambda word: values.get(word[0], word[0]), _NOTE.sub("", body))
    return words.split("\n")


def _clock(k: int) -> str:
    return f"const unsigned long long sg_from{k} = __builtin_ia32_rdtsc();"


def _stop(k: int) -> str:
    return (
        f"{{ const unsigned long long sg_took = __builtin_ia32_rdtsc() - sg_from{k};"
        f" if (sg_took < sg_least[{k}]) sg_least[{k}] = sg_took; sg_count[{k}]++; }}"
    )


def _measured(contest: Contest, dtype: str, tick: float) -> tuple[list[Block], float]:
    """The blocks with their seconds, and the seconds of a step without clocks."""
    from symgraph.codegen.native.toolchain import build as built

    found: list[tuple[Any, list[Block]]] = []

    def build(text: str, *_: Any) -> Any:
        text, blocks = clocked(text)
        path = built(text)
        found.append((path, blocks))
        return path

    work = named(contest.work, dict(contest.sizes))
    system = importlib.import_module("benchmarks.systems.by_symgraph")
    plain, start = _still(system, work, dtype)
    with mock.patch("symgraph.codegen.native.runtime.build", build):
        slow, _ = _still(system, work, dtype)
    (path, blocks), *_ = found
    library = ctypes.CDLL(str(path if Path(path).is_file() else next(Path(path).rglob("*.so"))))
    least, count = (
        (ctypes.c_uint64 * len(blocks)).in_dll(library, name) for name in ("sg_least", "sg_count")
    )
    steps = max(2, min(_STEPS, round(_SECONDS / _timed(plain, start, 2))))
    step = min(_timed(plain, start, steps) for _ in range(_ROUNDS))
    best = [math.inf] * len(blocks)
    for _ in range(_ROUNDS):
        ctypes.memset(least, 255, ctypes.sizeof(least))
        ctypes.memset(count, 0, ctypes.sizeof(count))
        slow.restart(start, STILL)
        slow.modes["loop"](steps)
        for k, block in enumerate(blocks):
            block.times = round(count[k] / steps)
            best[k] = min(best[k], least[k] * tick * block.times if count[k] else 0.0)
    for block, seconds in zip(blocks, best, strict=True):
        block.seconds = seconds
    return blocks, step


def _still(system: Any, work: Any, dtype: str) -> tuple[Any, Any]:
    from benchmarks.systems.trainer import tables

    return system.train(work, dtype, "cython"), tables(work, dtype)[0]


def _timed(trainer: Any, start: Any, steps: int) -> float:
    trainer.restart(start, STILL)
    return _spent(trainer.modes["loop"], steps) / steps


# --- what it takes at the least ------------------------------------------------------------------


class Reader:
    """Reads work off the text of blocks; `batch` is the one symbolic size."""

    def __init__(self, blocks: Sequence[Block], batch: int, limits: Limits) -> None:
        self.batch, self.limits = batch, limits
        self.memory: dict[str, int] = {}  # bytes that blocks touch, by their loop over time
        for block in blocks:
            each = self.bytes(block)
            for place in {"", block.over_time}:
                self.memory[place] = self.memory.get(place, 0) + each

    def number(self, text: str) -> int:
        """A size: a product of numbers and the batch size; 1 for any other, as within a vector."""
        total = 1
        for factor in text.strip().removeprefix("SG_WHOLE").strip("()").split("*"):
            factor = factor.strip()
            total *= int(factor) if factor.isdigit() else self.batch if factor == "n1" else 1
        return total

    def sizes(self, block: Block) -> list[int]:
        """m, n, k of a product, or the lengths of nested loops."""
        first, lines = block.lines[0], block.taken(self.batch)
        if "->lib->" in first:
            return [self.number(part) for part in first.split("(", 1)[1].split(",")[:3]]
        whole = [line for k, line in enumerate(lines) if not k or " = SG_WHOLE(" not in line]
        heads = filter(None, map(_HEAD.match, whole))
        return [self.number(head[4]) for head in heads if head[3]]

    def products(self, block: Block) -> int:
        """Multiply-adds of the products in a block, which may stand in loops."""
        calls = filter(None, map(_CALL.search, block.lines))
        heads = filter(None, map(_HEAD.match, block.lines))
        loops = math.prod(self.number(head[4]) for head in heads if head[3])
        axes = {"gemm": 3, "rows": 3, "dots": 4, "sparse": 4}  # the leading arguments are sizes
        shares = filter(None, map(_SHARE.search, block.lines))
        whole = loops * sum(
            math.prod(self.number(part) for part in call[2].split(",")[: axes[call[1]]])
            for call in calls
        )
        return whole // next((int(share[1]) for share in shares), 1)

    def bytes(self, block: Block) -> int:
        sizes, first, lines = self.sizes(block), block.lines[0], block.taken(self.batch)
        if "gemm" in first:
            m, n, k = sizes
            return (m * k + k * n + m * n) * self.limits.itemsize
        if "->lib->" in first:
            return 2 * sizes[0] * sizes[1] * self.limits.itemsize
        arrays = {name for line in lines for name in _ENTRY.findall(_NOTE.sub("", line))}
        read = [name for name in arrays if name[0] != "e"]  # those are registers
        return math.prod(sizes) * len(read) * self.limits.itemsize

    def least(self, block: Block) -> tuple[float, str]:
        """Seconds at the least, and why."""
        limits, sizes = self.limits, self.sizes(block)
        memory = self.bytes(block) * limits.byte(self.memory[block.over_time])
        found = {"memory": memory * block.times}
        if products := self.products(block):
            found["multiply-adds"] = 2 * products * limits.product * block.times
        elif "->lib->" not in block.lines[0]:
            taken = block.taken(self.batch)
            stages = [k for k, line in enumerate(taken) if "sg_reciprocals(" in line]
            heads = (k for k, line in enumerate(taken) if "for (" in line)
            inner = max(heads, default=0)
            inside = taken[: stages[0]] if stages else taken[inner:]
            lines = [line for line in inside if "const" in line]
            text = _NOTE.sub("", "\n".join(lines))
            each = text.count(" / ") + text.count("sg_tanh_of("), text.count("sg_sqrt(")
            unit = each[0] * limits.divide + each[1] * limits.root
            found["divisions and roots"] = unit * math.prod(sizes) * block.times
        reason = max(found, key=lambda one: found[one])
        return found[reason], reason


# --- the report ----------------------------------------------------------------------------------


def profile(contest: Contest, limits: Limits, dtype: str = "float32") -> tuple[list[Part], float]:
    """The blocks of a step, the longest first, and the seconds of the whole."""
    blocks, step = _measured(contest, dtype, limits.tick)
    reader = Reader(blocks, contest.sizes["batch"], limits)
    parts = [Part(block.name, block.seconds, *reader.least(block)) for block in blocks]
    return sorted(parts, key=lambda part: -part.seconds), step


def _chained(length: int = 3) -> float:
    """Seconds of a sigmoid in compiled code that has to wait for the one before."""
    import symgraph as sg

    def seconds(count: int) -> float:
        x = sg.state("x", (4,))
        value: Any = x
        for _ in range(count):
            value = sg.sigmoid(value)
        program = sg.compile([x], sg.sum(x), updates={x: value}, dtype="float32", target="cython")
        steps = program.bind(dims={}).steps
        return min(_spent(steps, 10_000) for _ in range(_ROUNDS)) / 10_000

    return (seconds(length) - seconds(1)) / (length - 1)


def _spent(run: Callable[[int], Any], count: int) -> float:
    begun = time.process_time()
    run(count)
    return time.process_time() - begun


def missed(results: dict[str, Any], keys: Sequence[str]) -> list[Contest]:
    """The training steps whose keys start like this, or else those below a floor in a round."""
    found = []
    for contest in CONTESTS:
        goals = results["contests"].get(contest.key, {"goals": []})["goals"][:1]
        is_missed = any(goal["best"] and goal["low"] < goal["floor"] for goal in goals)
        chosen = contest.key.startswith(tuple(keys)) if keys else is_missed
        if chosen and contest.work.startswith("train_steps"):
            found.append(contest)
    return found


def changed(results: dict[str, Any], keys: Sequence[str]) -> list[tuple[Contest, dict[str, Any]]]:
    """Of each training step at other sizes the change that is the farthest below its bound."""
    found: dict[str, tuple[float, Contest, dict[str, Any]]] = {}
    for contest, change in chosen(keys):
        for row in results["sizes"].get(f"{contest.key} {change.title}", []):
            if row["ratio"] is None or row["least"] is None or row["ratio"] >= row["least"]:
                continue
            left = row["ratio"] / row["least"]
            if contest.work.startswith("train_steps") and left < found.get(contest.key, (1,))[0]:
                sizes = {**contest.sizes, **change.sizes, "scale": change.scale}
                title = f"{contest.title}: {change.title}"
                times = {row["best"]: {"median": row["seconds"] * row["ratio"]}}
                goal = {"best": row["best"], "floor": row["least"]}
                told = {"times": times, "goals": [goal]}
                found[contest.key] = left, replace(contest, title=title, sizes=sizes), told
    return [(contest, told) for _, contest, told in found.values()]


def _numpy_sections(results: dict[str, Any]) -> Iterator[str]:
    """What is left beside BLAS of steps of the NumPy target that miss their floor."""
    for contest in CONTESTS:
        result = results["contests"].get(contest.key, {"goals": []})
        for goal in result["goals"]:
            if goal["system"] == "symgraph-numpy" and goal["ratio"] < goal["floor"]:
                step, products, count = products_of(contest)
                by_hand = result["times"][goal["best"]]["median"]
                asked = by_hand / goal["floor"]
                yield f"## {contest.title}: NumPy target"
                yield (
                    f"A step takes {_micro(step)} µs, of which its {count} products by BLAS take "
                    f"{_micro(products)}. By hand it takes {_micro(by_hand)} µs with the same "
                    f"products: the floor of {goal['floor']:g} asks for {_micro(asked)} µs, and "
                    f"leaves {_micro(asked - products)} µs for all else, which takes "
                    f"{_micro(step - products)} µs, and {_micro(by_hand - products)} by hand."
                )


def write(
    contests: Sequence[Contest], results: dict[str, Any], folder: Path, keys: Sequence[str] = ()
) -> None:
    """PROFILES.md about these contests, and those with such keys that miss their bound changed."""
    limits = Limits("float32")
    gflops, loaded, roots = 1e-9 / limits.flop, 1e-9 / limits.product, 1e-9 / limits.root
    chain = (
        f"A sigmoid of what the one before gave takes {1e9 * _chained():.0f} ns of four numbers: "
        "a step takes no less than its chain of them, from the input to the loss."
    )
    text = [
        "# Profiles",
        INTRODUCTION,
        results["machine"],
        " ".join((__doc__ or "").split("\n\n", 1)[1].split()),
        f"One core does {gflops:.0f} GFLOP/s, {loaded:.0f} where it loads what it multiplies as a "
        f"product of matrices must, {1e-9 / limits.divide:.1f} divisions or {roots:.1f} "
        "roots a nanosecond, and reads "
        + ", ".join(f"{1e-9 / limits.byte(k << 10):.0f} GB/s of {k} KiB" for k in (16, 48, 256))
        + " in float32.",
        " ".join(FLOORS.split()),
        chain,
    ]
    for contest in contests:
        text += _section(contest, results["contests"].get(contest.key), limits)
    for contest, told in changed(results, keys):
        text += _section(contest, told, limits)
    text += [] if keys else _numpy_sections(results)
    (folder / "PROFILES.md").write_text("\n\n".join(filter(None, text)) + "\n", encoding="utf-8")


def _section(contest: Contest, result: Any, limits: Limits) -> Iterator[str]:
    parts, step = profile(contest, limits)
    yield f"## {contest.title}"
    total, least = sum(p.seconds for p in parts), sum(p.least for p in parts)
    said = f"A step takes {_micro(step)} µs; its blocks {_micro(total)}, {_micro(least)} at least."
    goal = (result or {"goals": []})["goals"][:1]
    if goal and goal[0]["best"]:
        best = result["times"][goal[0]["best"]]["median"]
        said += (
            f" The best peer, {goal[0]['best'].split()[0]}, takes {_micro(best)} µs: the floor of "
            f"{goal[0]['floor']:g} asks for {_micro(best / goal[0]['floor'])} µs."
        )
    yield said
    lines = ["| block | µs | at least | bound by |", "| --- | ---: | ---: | --- |"]
    small = [part for part in parts if part.seconds < _SHOWN * total]
    for part in (part for part in parts if part not in small):
        name = part.name.replace("|", "\\|")
        lines.append(
            f"| `{name}` | {_micro(part.seconds)} | {_micro(part.least)} | {part.reason} |"
        )
    rest = sum(p.seconds for p in small), sum(p.least for p in small)
    lines.append(f"| {len(small)} others | {_micro(rest[0])} | {_micro(rest[1])} | |")
    yield "\n".join(lines)


def _micro(seconds: float) -> str:
    value = seconds * 1e6
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
