"""A symbolic graph compiler and derivative explorer.

Every public name is imported from its module when it is first used, so that ``import symgraph``
itself loads neither SymPy nor NumPy.
"""

import importlib
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import symgraph.began  # noqa: F401 - before all else
from symgraph.answers import answering

__version__ = "0.1.0"

# Where each public name is defined. The block under TYPE_CHECKING tells mypy and editors the same;
# tests/test_public_names.py holds the two together.
_NAMES: dict[str, str] = {
    "symgraph.build.abstract": """
        function instantiate
    """,
    "symgraph.build.activations": """
        elu leaky_relu relu sigmoid sign softplus step
    """,
    "symgraph.build.arithmetic": """
        abs add ceil clip divide floor floor_divide maximum minimum multiply negative power
        remainder sqrt square subtract
    """,
    "symgraph.build.conditions": """
        equal greater greater_equal indicator less less_equal logical_and logical_not
        logical_or not_equal where
    """,
    "symgraph.build.contract": """
        broadcast_to diag diagonal dot einsum matmul mean outer squared_norm sum swapaxes
        tensordot trace transpose var
    """,
    "symgraph.build.conv": """
        conv1d conv2d global_max_pool global_mean_pool max_pool1d max_pool2d mean_pool1d
        mean_pool2d
    """,
    "symgraph.build.declare": """
        const input let parameter state stop_gradient
    """,
    "symgraph.build.loop_making": """
        ScanResult
    """,
    "symgraph.build.loops": """
        recurrence scan shift
    """,
    "symgraph.build.noise": """
        bits dropout key noisy_relu normal training uniform
    """,
    "symgraph.build.norm": """
        batch_norm layer_norm
    """,
    "symgraph.build.unroll": """
        unroll
    """,
    "symgraph.build.elementary": """
        arccos arccosh arcsin arcsinh arctan arctan2 arctanh cos cosh exp expm1 log log1p
        sin sinh tan tanh
    """,
    "symgraph.build.indexing": """
        one_hot pick take
    """,
    "symgraph.build.linear_algebra": """
        det inv kron logdet solve
    """,
    "symgraph.build.losses": """
        absolute_error binary_cross_entropy_with_logits cross_entropy hinge hinge_loss huber
        huber_loss kl_divergence mean_absolute_error mean_squared_error squared_error
    """,
    "symgraph.build.weighted": """
        weighted_mean
    """,
    "symgraph.build.making": """
        arange eye full full_like ones ones_like zeros zeros_like
    """,
    "symgraph.build.pointwise": """
        apply
    """,
    "symgraph.build.reductions": """
        all any argmax argmin count_nonzero log_softmax logsumexp max maxout min norm prod
        softmax std
    """,
    "symgraph.build.series": """
        cumsum diff
    """,
    "symgraph.build.shaping": """
        concat expand_dims flatten flip moveaxis pad repeat reshape roll split squeeze stack tile
        tril triu
    """,
    "symgraph.build.gammas": """
        beta digamma gamma loggamma polygamma zeta
    """,
    "symgraph.build.special": """
        erf erfc gelu log_sigmoid logaddexp normal_cdf normal_pdf selu silu softsign xlogy
    """,
    "symgraph.check": """
        Check check
    """,
    "symgraph.codegen.program": """
        compile
    """,
    "symgraph.evaluate": """
        evaluate
    """,
    "symgraph.explain.index_form": """
        entries
    """,
    "symgraph.explain.derive": """
        derive
    """,
    "symgraph.facts": """
        assume
    """,
    "symgraph.explorer.explore": """
        Explorer explore
    """,
    "symgraph.explore.influence": """
        Influence influence influences
    """,
    "symgraph.explore.layers": """
        LayerInfluence influence_of_layers
    """,
    "symgraph.explore.replace": """
        replace_function
    """,
    "symgraph.explore.sensitivity": """
        Sensitivity sensitivity
    """,
    "symgraph.formula.language": """
        formula
    """,
    "symgraph.explore.uses": """
        Uses use_counts uses
    """,
    "symgraph.grad": """
        adjoints grad hessian hvp jacobian jvp vjp
    """,
    "symgraph.graph": """
        Graph graph
    """,
    "symgraph.javascript": """
        JsProgram javascript
    """,
    "symgraph.node": """
        Node
    """,
    "symgraph.train.grid": """
        SweepTable sweep
    """,
    "symgraph.train.history": """
        History
    """,
    "symgraph.train.model": """
        Model
    """,
    "symgraph.draw.drawing": """
        draw
    """,
    "symgraph.onnx.export": """
        to_onnx
    """,
    "symgraph.draw.slides.deck": """
        deck slides
    """,
    "symgraph.draw.picture": """
        Picture
    """,
    "symgraph.draw.plots": """
        Plot plot
    """,
    "symgraph.errors": """
        CycleError DrawError FormulaError GradientError KindError MissingFileError NameClashError
        NonFiniteError ProofError RangeError ScriptError ShapeError StorageError SymgraphError
        UnknownNameError UnsupportedError WorkerError
    """,
}
# Modules that are public as a whole, by the name they have here.
_MODULES: dict[str, str] = {
    "callbacks": "symgraph.train.callbacks",
    "data": "symgraph.train.sources",
    "metrics": "symgraph.nn.metrics",
    "nn": "symgraph.nn",
    "optim": "symgraph.train.optim",
    "parallel": "symgraph.train.parallel",
    "phenomena": "symgraph.phenomena",
    "random": "symgraph.random",
}

if TYPE_CHECKING:
    from symgraph import nn as nn, phenomena as phenomena, random as random
    from symgraph.build.abstract import (
        function as function,
        instantiate as instantiate,
    )
    from symgraph.build.activations import (
        elu as elu,
        leaky_relu as leaky_relu,
        relu as relu,
        sigmoid as sigmoid,
        sign as sign,
        softplus as softplus,
        step as step,
    )
    from symgraph.build.arithmetic import (
        abs as abs,
        add as add,
        ceil as ceil,
        clip as clip,
        divide as divide,
        floor as floor,
        floor_divide as floor_divide,
        maximum as maximum,
        minimum as minimum,
        multiply as multiply,
        negative as negative,
        power as power,
        remainder as remainder,
        sqrt as sqrt,
        square as square,
        subtract as subtract,
    )
    from symgraph.build.conditions import (
        equal as equal,
        greater as greater,
        greater_equal as greater_equal,
        indicator as indicator,
        less as less,
        less_equal as less_equal,
        logical_and as logical_and,
        logical_not as logical_not,
        logical_or as logical_or,
        not_equal as not_equal,
        where as where,
    )
    from symgraph.build.contract import (
        broadcast_to as broadcast_to,
        diag as diag,
        diagonal as diagonal,
        dot as dot,
        einsum as einsum,
        matmul as matmul,
        mean as mean,
        outer as outer,
        squared_norm as squared_norm,
        sum as sum,
        swapaxes as swapaxes,
        tensordot as tensordot,
        trace as trace,
        transpose as transpose,
        var as var,
    )
    from symgraph.build.conv import (
        conv1d as conv1d,
        conv2d as conv2d,
        global_max_pool as global_max_pool,
        global_mean_pool as global_mean_pool,
        max_pool1d as max_pool1d,
        max_pool2d as max_pool2d,
        mean_pool1d as mean_pool1d,
        mean_pool2d as mean_pool2d,
    )
    from symgraph.build.declare import (
        const as const,
        input as input,
        let as let,
        parameter as parameter,
        state as state,
        stop_gradient as stop_gradient,
    )
    from symgraph.build.elementary import (
        arccos as arccos,
        arccosh as arccosh,
        arcsin as arcsin,
        arcsinh as arcsinh,
        arctan as arctan,
        arctan2 as arctan2,
        arctanh as arctanh,
        cos as cos,
        cosh as cosh,
        exp as exp,
        expm1 as expm1,
        log as log,
        log1p as log1p,
        sin as sin,
        sinh as sinh,
        tan as tan,
        tanh as tanh,
    )
    from symgraph.build.gammas import (
        beta as beta,
        digamma as digamma,
        gamma as gamma,
        loggamma as loggamma,
        polygamma as polygamma,
        zeta as zeta,
    )
    from symgraph.build.indexing import (
        one_hot as one_hot,
        pick as pick,
        take as take,
    )
    from symgraph.build.linear_algebra import (
        det as det,
        inv as inv,
        kron as kron,
        logdet as logdet,
        solve as solve,
    )
    from symgraph.build.loop_making import ScanResult as ScanResult
    from symgraph.build.loops import (
        recurrence as recurrence,
        scan as scan,
        shift as shift,
    )
    from symgraph.build.losses import (
        absolute_error as absolute_error,
        binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
        cross_entropy as cross_entropy,
        hinge as hinge,
        hinge_loss as hinge_loss,
        huber as huber,
        huber_loss as huber_loss,
        kl_divergence as kl_divergence,
        mean_absolute_error as mean_absolute_error,
        mean_squared_error as mean_squared_error,
        squared_error as squared_error,
    )
    from symgraph.build.making import (
        arange as arange,
        eye as eye,
        full as full,
        full_like as full_like,
        ones as ones,
        ones_like as ones_like,
        zeros as zeros,
        zeros_like as zeros_like,
    )
    from symgraph.build.noise import (
        bits as bits,
        dropout as dropout,
        key as key,
        noisy_relu as noisy_relu,
        normal as normal,
        training as training,
        uniform as uniform,
    )
    from symgraph.build.norm import (
        batch_norm as batch_norm,
        layer_norm as layer_norm,
    )
    from symgraph.build.pointwise import apply as apply
    from symgraph.build.reductions import (
        all as all,
        any as any,
        argmax as argmax,
        argmin as argmin,
        count_nonzero as count_nonzero,
        log_softmax as log_softmax,
        logsumexp as logsumexp,
        max as max,
        maxout as maxout,
        min as min,
        norm as norm,
        prod as prod,
        softmax as softmax,
        std as std,
    )
    from symgraph.build.series import (
        cumsum as cumsum,
        diff as diff,
    )
    from symgraph.build.shaping import (
        concat as concat,
        expand_dims as expand_dims,
        flatten as flatten,
        flip as flip,
        moveaxis as moveaxis,
        pad as pad,
        repeat as repeat,
        reshape as reshape,
        roll as roll,
        split as split,
        squeeze as squeeze,
        stack as stack,
        tile as tile,
        tril as tril,
        triu as triu,
    )
    from symgraph.build.special import (
        erf as erf,
        erfc as erfc,
        gelu as gelu,
        log_sigmoid as log_sigmoid,
        logaddexp as logaddexp,
        normal_cdf as normal_cdf,
        normal_pdf as normal_pdf,
        selu as selu,
        silu as silu,
        softsign as softsign,
        xlogy as xlogy,
    )
    from symgraph.build.unroll import (
        unroll as unroll,
    )
    from symgraph.build.weighted import (
        weighted_mean as weighted_mean,
    )
    from symgraph.check import (
        Check as Check,
        check as check,
    )
    from symgraph.codegen.program import (
        compile as compile,
    )
    from symgraph.draw.drawing import draw as draw
    from symgraph.draw.picture import Picture as Picture
    from symgraph.draw.plots import (
        Plot as Plot,
        plot as plot,
    )
    from symgraph.draw.slides.deck import (
        deck as deck,
        slides as slides,
    )
    from symgraph.errors import (
        CycleError as CycleError,
        DrawError as DrawError,
        FormulaError as FormulaError,
        GradientError as GradientError,
        KindError as KindError,
        MissingFileError as MissingFileError,
        NameClashError as NameClashError,
        NonFiniteError as NonFiniteError,
        ProofError as ProofError,
        RangeError as RangeError,
        ScriptError as ScriptError,
        ShapeError as ShapeError,
        StorageError as StorageError,
        SymgraphError as SymgraphError,
        UnknownNameError as UnknownNameError,
        UnsupportedError as UnsupportedError,
        WorkerError as WorkerError,
    )
    from symgraph.evaluate import (
        evaluate as evaluate,
    )
    from symgraph.explain.derive import (
        derive as derive,
    )
    from symgraph.explain.index_form import (
        entries as entries,
    )
    from symgraph.explore.influence import (
        Influence as Influence,
        influence as influence,
        influences as influences,
    )
    from symgraph.explore.layers import (
        LayerInfluence as LayerInfluence,
        influence_of_layers as influence_of_layers,
    )
    from symgraph.explore.replace import (
        replace_function as replace_function,
    )
    from symgraph.explore.sensitivity import (
        Sensitivity as Sensitivity,
        sensitivity as sensitivity,
    )
    from symgraph.explore.uses import (
        Uses as Uses,
        use_counts as use_counts,
        uses as uses,
    )
    from symgraph.explorer.explore import Explorer as Explorer, explore as explore
    from symgraph.facts import (
        assume as assume,
    )
    from symgraph.formula.language import (
        formula as formula,
    )
    from symgraph.grad import (
        adjoints as adjoints,
        grad as grad,
        hessian as hessian,
        hvp as hvp,
        jacobian as jacobian,
        jvp as jvp,
        vjp as vjp,
    )
    from symgraph.graph import (
        Graph as Graph,
        graph as graph,
    )
    from symgraph.javascript import (
        JsProgram as JsProgram,
        javascript as javascript,
    )
    from symgraph.nn import metrics as metrics
    from symgraph.node import (
        Node as Node,
    )
    from symgraph.onnx.export import to_onnx as to_onnx
    from symgraph.train import (
        callbacks as callbacks,
        optim as optim,
        parallel as parallel,
        sources as data,  # noqa: F401 - sg.data
    )
    from symgraph.train.grid import (
        SweepTable as SweepTable,
        sweep as sweep,
    )
    from symgraph.train.history import (
        History as History,
    )
    from symgraph.train.model import (
        Model as Model,
    )

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_HOME, *_MODULES]  # noqa: PLE0604 - keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        module = importlib.import_module(_HOME[name])
        value = getattr(module, name)
        if isinstance(value, FunctionType):
            value = answering(value)
            setattr(module, name, value)  # pickle looks a function up there
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    else:
        package = sys.modules[__name__]
        raise AttributeError(f"symgraph has no public name {name!r}", name=name, obj=package)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package, in which a public name wins over a submodule of the same name.

    Python binds an imported submodule to its package: after ``import symgraph.graph`` the name
    ``symgraph.graph`` would be that module and no longer the public function ``graph``.
    """

    def __reduce__(self) -> Any:
        # A function of a user's script goes to other processes with the modules that it uses.
        return importlib.import_module, (self.__name__,)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and value.__name__ == f"{__name__}.{name}":
            is_public_module = _MODULES.get(name) == value.__name__
            if name in _HOME or (name in _MODULES and not is_public_module):
                return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
