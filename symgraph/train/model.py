"""Model: a loss with its inputs, parameters and states, to fit, evaluate, predict and save."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, NoReturn, Self, TypeAlias

import numpy.typing as npt
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.codegen.inference import export_inference
from symgraph.codegen.program import check_threads
from symgraph.dtypes import Dtype, real_dtype
from symgraph.errors import KindError, UnsupportedError
from symgraph.files import path_of
from symgraph.node import Node
from symgraph.onnx.export import to_onnx
from symgraph.train.course import Course
from symgraph.train.engine import Engine
from symgraph.train.fitting import (
    Callback,
    Fitting,
    check_callbacks,
    run_facts,
    training_parts,
)
from symgraph.train.history import History
from symgraph.train.keeper import Keeper
from symgraph.train.keywords import refuse
from symgraph.train.logs import open_logs
from symgraph.train.optim import Adam
from symgraph.train.optimizer import Chosen, Optimizer
from symgraph.train.parallel.communicator import Communicator
from symgraph.train.parallel.crew import Crew
from symgraph.train.plan import (
    check_batch_size,
    check_flags,
    check_key,
    check_plan,
    check_rule,
    read_pace,
)
from symgraph.train.program import Settings, Target
from symgraph.train.saved import load_model, save_model
from symgraph.train.spec import AUTO, Spec, read_spec
from symgraph.train.summary import Summary, summarise

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["Model"]

Array: TypeAlias = NDArray[Any]


@answering
class Model:
    """A loss and what it depends on.

    `inputs` are the `sg.input` nodes that data are given for. `outputs` and `metrics` map names to
    nodes; metrics are single numbers. `updates` maps states to their new values, such as running
    means; those of `sg.nn.batch_norm` and `sg.batch_norm` are found by themselves. It may map
    parameters too: they change by that expression and by no gradient, as those of a perceptron do.
    The boolean input `training` and the integer input `key` are supplied by the model: whether a
    step trains, and another number in every step.

    `batch` names the size that counts samples; by default it is the one open size of the inputs
    that no loop runs over, or N. With `batch=None`, or when all sizes are numbers, every step uses
    all data. `seed` chooses among start values, `dtype` is "float64" or "float32", or what
    NumPy calls so, such as np.float32.

    `target="cython"` computes in native code where there is a C compiler, whole epochs without
    returning to Python between their steps; all numbers are those of NumPy but for rounding. It
    pays where training takes longer than the compiler, which is half a second. With `threads` each
    native step is divided among so many, by the samples of its batch: on idle cores, with batches
    that have many samples. Numbers depend on how many threads there are, within rounding, but not
    on their speed.

    `parameters` and `states` are arrays by name, which may be changed in place or assigned.

    Raises ShapeError for a loss or metric that is not a single number, KindError for nodes of
    another role, NameClashError when a name stands for two variables, UnknownNameError when the
    graph depends on an input that is not listed.

    >>> import symgraph as sg
    >>> x, y = sg.input("x", "N"), sg.input("y", "N")
    >>> w, b = sg.parameter("w"), sg.parameter("b")
    >>> line = w * x + b
    >>> model = sg.Model(loss=sg.mean((line - y) ** 2), inputs=[x, y], outputs={"line": line})
    >>> data = {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 5.0, 7.0]}
    >>> history = model.fit(data, optimizer=sg.optim.SGD(0.1), epochs=300)
    >>> round(float(model.parameters["w"]), 6), round(float(model.parameters["b"]), 6)
    (2.0, 1.0)
    >>> model.predict({"x": [10.0]})["line"].round(4).tolist()
    [21.0]
    """

    def __init__(
        self,
        loss: Any,
        inputs: Iterable[Node],
        outputs: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        updates: Mapping[Node, Any] | None = None,
        *,
        batch: str | None = AUTO,
        seed: int = 0,
        dtype: npt.DTypeLike = "float64",
        target: Target = "numpy",
        threads: int = 1,
        **unknown: Never,
    ) -> None:
        refuse("Model", Model, (), unknown)
        real = real_dtype("Model", dtype)
        if target not in ("numpy", "cython"):
            raise KindError(f"Model: target is {target!r}, and it is 'numpy' or 'cython'.")
        check_threads("Model", threads)
        self.spec: Spec = read_spec(loss, inputs, outputs, metrics, updates, batch)
        self.dtype: Dtype = real
        self._engine = Engine(self.spec, Settings(real, target, threads), seed)
        self.parameters = self._engine.parameters
        self.states = self._engine.states
        self._course = Course(self._engine)

    @property
    def settings(self) -> Settings:
        """How its programs are compiled: dtype, target and threads."""
        return self._engine.settings

    # --- training -----------------------------------------------------------------------------

    def fit(
        self,
        data: Any,
        *more: Never,
        optimizer: Optimizer = Adam(1e-3),  # noqa: B008 - a frozen value
        epochs: int = 1,
        batch_size: int | None = 32,
        validation: Any = None,
        shuffle: bool = True,
        seed: int = 0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
        check_finite: bool = True,
        resume: bool = False,
        checkpoint: str | Path | None = None,
        every: int | str = 1,
        log: str | Path | Sequence[str | Path] | None = (),
        communicator: Communicator | None = None,
        freeze: Chosen | str | Node = (),
        **unknown: Never,
    ) -> History:
        """Train on data, and return what every epoch measured.

        `data` are arrays by the names of the inputs; or a file of them, see `sg.data.load`, of
        which a folder of .npy files may be larger than memory; or batches: a list or a generator
        of mappings from names to arrays, each of which is one step. Batches are taken as they come;
        a function that makes them is called in every epoch.

        An epoch uses every sample once, `batch_size` of them in a step and the rest in a smaller
        last one; None takes all at once. With `shuffle` the order follows from `seed` and the
        epoch, without it the samples come in their own order, in every epoch: `batch_size=1` and
        `shuffle=False` is learning from one sample after the other, round and round. The values of
        an epoch are those of all its samples, of what the steps saw before their update.

        `validation` is data of its own, measured after every epoch under names with `val_`, or the
        fraction of the samples to hold out for that, drawn at random. `clip_value` cuts the entries
        of all gradients, `clip_norm` their joint norm. Every callback is called after every epoch
        with the model and the history; training ends when one returns True (see `sg.callbacks`).
        `progress` None shows a bar when stderr is a terminal.

        `resume` goes on where the last `fit`, or the file that was loaded, ended: with its slots
        and counters, until `epochs` epochs are done in total. Otherwise the optimizer starts anew,
        from the parameters as they are. Ctrl-C ends the training after the step under way.

        `checkpoint` is a folder that this training keeps its checkpoints in, the last two, one
        after every `every` epochs, or after so many steps with text such as "500 steps", at the
        end, and when Ctrl-C or a shutdown (SIGTERM, with exit
        code 143) interrupts it. With `resume` it then goes on from the last one that is whole, with
        the history and the memory of the callbacks, to the same bits as without a break; with none
        it begins anew. A damaged file is told in the log and the one before is used. Such a folder
        is refused without `resume`, for another model or optimizer, and while another process
        trains in it: UnsupportedError, StorageError. What else changes bits or batches, such as the
        threads or the seed, is told in the log. StorageError when the disk is full or read-only;
        the checkpoint before is then whole.

        `log` is a file that every epoch is appended to as soon as it is done, `.csv` or `.jsonl`,
        or a folder of events, "tensorboard:FOLDER", or a list of these; None is no log. With
        `resume` it goes on from the epoch that the training goes on from; otherwise it begins anew.

        `freeze` names parameters that stay as they are: a name, a pattern such as "b_*", a
        parameter, or a tuple of these.

        `communicator` divides every batch among several processes that run the same script, such as
        those of `mpiexec -n 4` with `sg.parallel.mpi()`: each reads its own samples of the data,
        and the end is that of one process but for rounding. Worker 0 writes the checkpoints and
        shows the bar. UnsupportedError for a model whose samples cannot be divided, with the value
        that needs all of them; WorkerError when another worker has failed.

        Nothing changes before all data are checked: UnknownNameError for unknown and missing
        names, ShapeError and KindError for arrays that do not fit, NonFiniteError for NaN and
        infinity (unless `check_finite` is false), RangeError for labels outside their range and
        settings outside theirs. NonFiniteError when the loss or an update is no longer finite:
        it names the step and the first such node, and the parameters are those before that step.
        """
        refuse("fit", Model.fit, more, unknown)
        self._course.check_idle()
        crew = Crew(communicator)
        with ExitStack() as stack:
            stack.enter_context(crew.guarded())
            with crew.together("its data and settings"):
                rule = check_rule(optimizer, clip_norm, clip_value, freeze)
                plan, pace = check_plan(epochs, batch_size, shuffle, seed), read_pace(every)
                watching = check_callbacks(callbacks)
                check_flags("fit", check_finite=check_finite, resume=resume)
                if progress is not None:
                    check_flags("fit", progress=progress)
                train, held_out = training_parts(
                    self._engine, data, validation, seed, check_finite, crew
                )
                logs = open_logs(log) if crew.is_first else []
                keeper = None
                if checkpoint is not None and crew.is_first:
                    keeper = Keeper(checkpoint, pace, resume, self._engine, rule, plan)
                    stack.enter_context(keeper)
                training = self._course.training_for(
                    rule, resume and checkpoint is None, crew.communicator
                )
            crew.check_same(
                "model, data or setting",
                partial(run_facts, self._engine, rule, plan, pace, train, held_out),
            )
            crew.watch(checkpoint)
            stack.enter_context(self._course.fitting())
            return Fitting(
                self, self._engine, training, plan, train, held_out, watching, progress, keeper,
                None if checkpoint is None else pace, crew, logs,
            ).run()  # fmt: skip

    def step(
        self,
        batch: Mapping[str, Any],
        *more: Never,
        optimizer: Optimizer | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        seed: int = 0,
        check_finite: bool = True,
        freeze: Chosen | str | Node | None = None,
        **unknown: Never,
    ) -> dict[str, float]:
        """One step on all samples of a batch; the loss and the metrics before it.

        Further steps go on with the optimizer, the clipping and the frozen parameters of the last
        one where these are not given, or are equal; with others the optimizer begins anew. The loss
        is returned as it is, also when it is NaN. Raises as `fit`.

        >>> import symgraph as sg
        >>> w = sg.parameter("w", init=1.0)
        >>> model = sg.Model(loss=w**2, inputs=[])
        >>> model.step({}, optimizer=sg.optim.SGD(0.25)), float(model.parameters["w"])
        ({'loss': 1.0}, 0.5)
        """
        refuse("step", Model.step, more, unknown)
        check_key("step", seed, "seed")
        check_flags("step", check_finite=check_finite)
        checked = self._engine.check("step", batch, check_finite)
        training = self._course.further(optimizer, clip_norm, clip_value, freeze)
        return self.spec.measuring.of_batch(training.step(checked, seed), checked.rows)

    def partial_fit(
        self,
        data: Any,
        *more: Never,
        optimizer: Optimizer | None = None,
        batch_size: int | None = 32,
        shuffle: bool = False,
        seed: int = 0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        check_finite: bool = True,
        freeze: Chosen | str | Node | None = None,
        **unknown: Never,
    ) -> dict[str, float]:
        """Train once on further data, as they come in; what was measured on them.

        The optimizer goes on where the last step has left it when none is given, or an equal one:
        its slots, its counter and its schedule; see `step`. All else as in `fit`.

        >>> import symgraph as sg
        >>> x, w = sg.input("x", "N"), sg.parameter("w")
        >>> model = sg.Model(sg.mean((w - x) ** 2), [x])
        >>> for part in ([8.0, 8.0], [4.0]):
        ...     print(model.partial_fit({"x": part}, optimizer=sg.optim.SGD(0.25)))
        {'loss': 64.0}
        {'loss': 0.0}
        """
        refuse("partial_fit", Model.partial_fit, more, unknown)
        plan = check_plan(1, batch_size, shuffle, seed)
        check_flags("partial_fit", check_finite=check_finite)
        taken = self._engine.take("partial_fit", data, check_finite)
        return self._course.further(optimizer, clip_norm, clip_value, freeze).further(taken, plan)

    def update_rule(
        self,
        optimizer: Optimizer,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> dict[Node, Node]:
        """The new value of every parameter, state and slot in a step, as nodes.

        >>> import symgraph as sg
        >>> w = sg.parameter("w")
        >>> for old, new in sg.Model(w**2, []).update_rule(sg.optim.SGD(0.1)).items():
        ...     print(old, "becomes", new)
        w becomes w - η*(2*w)
        """
        return check_rule(optimizer, clip_norm, clip_value).updates(self.spec)

    @property
    def source(self) -> str:
        """The program of a training step, as it was compiled last.

        Raises UnsupportedError before the first step.
        """
        training = self._course.training
        if training is None:
            raise UnsupportedError("source: there is no program before the first step or fit.")
        return training.program.source

    @property
    def learning_rate(self) -> float:
        """The learning rate of the training under way; a callback may set another.

        Those of groups change by the same factor.

        Raises UnsupportedError before the first step, and for a rate that is an expression.
        """
        return float(self._course.rated.slots["η"])

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._course.rated.set_rate(rate)

    @property
    def averages(self) -> dict[str, Array]:
        """The moving averages of the parameters by name, which `average=` of an optimizer keeps.

        A parameter that was frozen is its own average. What `fit` measures, with val_ or without,
        and what callbacks keep are the parameters themselves; a callback may measure the averages:

        >>> def tell(model, history):
        ...     with model.averaged():
        ...         print(model.evaluate({}))
        >>> import symgraph as sg
        >>> w = sg.parameter("w")
        >>> model, rule = sg.Model((w - 1) ** 2, []), sg.optim.SGD(0.25, average=0.5)
        >>> _ = model.fit({}, optimizer=rule, epochs=2, callbacks=[tell])
        {'loss': 0.25}
        {'loss': 0.140625}

        Raises UnsupportedError where there are none.
        """
        return self._course.averages()

    def averaged(self) -> AbstractContextManager[None]:
        """While this is open the parameters are their averages, to evaluate, predict and save.

        Raises as `averages`; training is refused meanwhile.

        >>> import symgraph as sg
        >>> w = sg.parameter("w")
        >>> model = sg.Model((w - 1) ** 2, [], outputs={"w": w})
        >>> _ = model.fit({}, optimizer=sg.optim.SGD(0.25, average=0.5), epochs=2)
        >>> with model.averaged():
        ...     print(model.predict({})["w"], model.evaluate({}))
        0.625 {'loss': 0.140625}
        >>> print(model.predict({})["w"])
        0.75
        """
        return self._course.averaged()

    # --- without training ---------------------------------------------------------------------

    def evaluate(
        self,
        data: Any,
        *more: Never,
        batch_size: int | None = None,
        key: int = 0,
        training: bool = False,
        check_finite: bool = True,
        **unknown: Never,
    ) -> dict[str, float]:
        """The loss and the metrics on data.

        With `batch_size` they are measured batch by batch, which needs less memory, and data that
        stay on disk are measured some samples at a time in any case. What is a
        formula of sums over samples, as means, weighted means and all of `sg.metrics` are, is then
        the same as on all samples at once; anything else, such as a maximum, is averaged over the
        batches by their sizes. `training` is what the switch `sg.training()` stands at, `key` the
        random key. Raises as `fit`.
        """
        refuse("evaluate", Model.evaluate, more, unknown)
        check_batch_size("evaluate", batch_size)
        check_key("evaluate", key)
        check_flags("evaluate", training=training, check_finite=check_finite)
        taken = self._engine.take("evaluate", data, check_finite)
        return self._engine.measure(taken, batch_size, key, training)

    def predict(
        self,
        data: Any,
        *more: Never,
        batch_size: int | None = None,
        key: int = 0,
        training: bool = False,
        check_finite: bool = True,
        **unknown: Never,
    ) -> dict[str, Array]:
        """The outputs by name; only their inputs are needed.

        With `batch_size` the samples are computed some at a time and put together, which needs less
        memory. `training=True` leaves dropout and batch statistics on, as in a step; another `key`
        then draws another mask. Raises as `fit`, and UnsupportedError when an output has no axis of
        samples to put together along.
        """
        refuse("predict", Model.predict, more, unknown)
        check_batch_size("predict", batch_size)
        check_key("predict", key)
        check_flags("predict", training=training, check_finite=check_finite)
        if not self.spec.outputs:
            raise UnsupportedError(
                'predict: the model has no outputs. Write outputs={"name": node}.'
            )
        return self._engine.predict(data, batch_size, key, training, check_finite)

    # --- summary and files --------------------------------------------------------------------

    def __repr__(self) -> str:
        inputs = ", ".join(self.spec.inputs)
        sizes = f"{self.parameters.flat.size} numbers in parameters"
        return f"<Model of {inputs or 'no inputs'}: {sizes}, {self.dtype}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def summary(self) -> Summary:
        """The layers with their formulas, shapes and parameters, as a table and as data.

        A layer is a value with a name, by `sg.let` or `sg.nn`.

        >>> import symgraph as sg
        >>> x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
        >>> W = sg.parameter("W", (5, 2))
        >>> out = sg.let("out", sg.nn.dense(x, 5, "h", "tanh") @ W)
        >>> print(sg.Model(sg.mean_squared_error(out, y), [x, y]).summary())
        layer  operation                shape   numbers  parameters
        x      input                    (N, 3)
        y      input                    (N, 2)
        h      dense, tanh              (N, 5)       20  W_h (3, 5), b_h (5,)
        out    h @ W                    (N, 2)       10  W (5, 2)
        loss   sum((out - y)**2)/(2*N)  ()
        30 numbers in parameters, 30 of them trained
        """
        return summarise(self.spec)

    def save(self, path: str | Path) -> None:
        """Write the parameters and states under their names, as .safetensors or .npz.

        A safetensors file holds the training under way as well, for `fit(resume=True)`.
        The file appears whole or not at all. Raises UnsupportedError for another suffix.
        """
        save_model(path, self._engine, self._course.training)

    def to_onnx(
        self, path: str | Path | None = None, *, dtype: npt.DTypeLike | None = None
    ) -> ModelProto:
        """The outputs with the parameters as they are, for other programs; see `sg.to_onnx`.

        The numbers have the model's dtype unless another is given; layers do what they do outside
        of training.

        >>> import symgraph as sg
        >>> x = sg.input("x", ("N", 2))
        >>> out = sg.nn.dense(x, 1, "out")
        >>> [v.name for v in sg.Model(sg.mean(out), [x], {"out": out}).to_onnx().graph.input]
        ['x']
        """
        args, outputs, weights = self._engine.inference()
        wanted = self.dtype if dtype is None else dtype
        return to_onnx(args, outputs, path, weights=weights, dtype=wanted)

    def export(self, path: str | Path) -> Path:
        """Write the outputs with the parameters as they are, for where symgraph is not.

        `net.py` is a module that needs NumPy alone, with its weights in `net.npz` beside it and
        `predict(data)`, which returns the outputs by name as `predict` here does outside of
        training. A path without a suffix is a folder with the program in C that `pip install`
        builds. Raises UnsupportedError for another suffix and for a model without outputs.
        """
        target = path_of("export", path)
        args, outputs, weights = self._engine.inference()
        return export_inference(target, args, outputs, weights, self.dtype)

    def load(self, path: str | Path) -> None:
        """Read parameters and states from a file with arrays of their names and shapes.

        Of the folder of `fit(checkpoint=...)` it is the last checkpoint that is whole.
        Raises UnknownNameError for a name that is missing or unknown, ShapeError and KindError for
        arrays that do not fit, UnsupportedError for a file of another format; nothing has changed
        then.
        """
        self._course.check_own("load")
        self._course.begin_from(*load_model(path, self._engine))

    # --- copies -------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A model of its own with the same numbers, whose training may be resumed like this one."""
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        made.spec, made.dtype = self.spec, self.dtype
        made._engine = self._engine.copy()
        made.parameters, made.states = made._engine.parameters, made._engine.states
        made._course = self._course.copy_for(made._engine)
        return made

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise UnsupportedError(
            "Model: a model holds formulas and compiled programs and is not pickled. Write "
            "model.save(path), and model.load(path) where the same formulas are built again; "
            "copy.deepcopy(model) makes another one here."
        )
