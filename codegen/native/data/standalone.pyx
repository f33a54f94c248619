import numpy as _np
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer,
)
from libc.stdlib cimport calloc, free

#: The arguments in order.
args = @ARGS@
#: Of every argument: dtype, shape as it was declared, its axes, whether it is updated in place.
_DECLARED = @DECLARED@
#: The dtypes of the outputs.
_OUTPUTS = @OUTPUTS@
#: What may be wrong inside: the exception, its text, whether it names a place.
_SITES = @SITES@
_ACCEPTED = {"f": "fiub", "i": "iu", "b": "b"}
_WORDS = ("nan", "inf", "-inf")


def _sizes(given):
    """The symbolic sizes, in order, from the shapes of the arguments."""
    return @SIZES@


def _shapes(sizes):
    """The shapes of the arguments, then those of the outputs."""
    @UNPACKED@
    for text, size in @NEEDED@:
        if size < 0:
            raise ValueError(f"size {text} comes out as {size}; it must be 0 or more.")
    return @SHAPES@


def _places(sizes):
    """The shapes in which the sites of `_SITES` name a place."""
    @UNPACKED@
    return @PLACES@


def _structured(y):
    """The outputs in their structure."""
    return @RESULT@


cdef class Bound:
    """The program on arrays that stay: they are read, and updated, where they are.

    Give the arguments in order or by name. What is not as declared raises ValueError here, before
    anything runs. `step()` runs once and returns the outputs, `steps(n)` runs n times without the
    GIL and returns those of the last time.
    """

    cdef readonly dict arrays
    cdef list _outputs
    cdef tuple _values
    cdef Py_buffer *_views
    cdef Py_ssize_t _held
    cdef void **_pointers
    cdef i64 *_numbers
    cdef void *_memory
    cdef sg_frame _frame
    cdef bint _busy

    def __cinit__(self, *given, **named):
        cdef Py_ssize_t k, count
        values = [_array(k, one) for k, one in enumerate(_ordered(given, named))]
        found = [one.shape for one in values]
        self._values = _sizes(found)
        wanted, results = _shapes(self._values)
        for k, shape in enumerate(wanted):
            if found[k] != shape:
                raise ValueError(
                    f"argument {args[k]!r} has shape {found[k]}, and the others make it {shape}: "
                    f"it is declared {_DECLARED[k][1]}. Give arrays that agree."
                )
        self.arrays = dict(zip(args, values))
        self._outputs = [_np.empty(s, t) for s, t in zip(results, _OUTPUTS)]
        count = len(values) + len(self._outputs)
        self._views = <Py_buffer *>calloc(count + 1, sizeof(Py_buffer))
        self._pointers = <void **>calloc(count + 1, sizeof(void *))
        self._numbers = <i64 *>calloc(len(self._values) + @BUFFERS@ + 9, sizeof(i64))
        if not self._views or not self._pointers or not self._numbers:
            raise MemoryError
        for k, one in enumerate(values + self._outputs):
            kind = PyBUF_C_CONTIGUOUS
            if k >= len(values) or _DECLARED[k][3]:
                kind |= PyBUF_WRITABLE
            PyObject_GetBuffer(one, &self._views[k], kind)
            self._held = k + 1
            self._pointers[k] = self._views[k].buf
        self._check_overlap(len(values))
        self._prepare()

    cdef int _check_overlap(self, Py_ssize_t count) except -1:
        cdef Py_ssize_t j, k
        cdef char *first
        cdef char *second
        for k in range(count):
            first = <char *>self._views[k].buf
            for j in range(count if _DECLARED[k][3] else 0):
                second = <char *>self._views[j].buf
                if j == k or not self._views[j].len or not self._views[k].len:
                    continue
                if first < second + self._views[j].len and second < first + self._views[k].len:
                    raise ValueError(
                        f"argument {args[k]!r} is updated in place and shares memory with "
                        f"{args[j]!r}. Give a copy of one of them."
                    )
        return 0

    cdef int _prepare(self) except -1:
        cdef Py_ssize_t k
        cdef i64 *offsets = self._numbers + len(self._values)
        for k, size in enumerate(self._values):
            self._numbers[k] = size
        cdef i64 room = sg_plan(self._numbers, offsets)
        self._memory = calloc(room + 64, 1) if room >= 0 else NULL
        if not self._memory:
            raise MemoryError
        self._frame.a = self._pointers
        self._frame.n = self._numbers
        self._frame.o = offsets
        self._frame.w = <char *>((<size_t>self._memory + 63) // 64 * 64)
        self._frame.lib = sg_library()
        self._frame.part, self._frame.parts = 0, 1
        self._frame.detail = offsets + @BUFFERS@
        return 0

    def __dealloc__(self):
        cdef Py_ssize_t k
        for k in range(self._held):
            PyBuffer_Release(&self._views[k])
        free(self._views)
        free(self._pointers)
        free(self._numbers)
        free(self._memory)

    cdef int _run(self, Py_ssize_t count) except -1:
        cdef i64 site = 0
        if self._busy:
            raise RuntimeError("this bound program is running in another thread; bind one for each.")
        self._busy = True
        with nogil:
            while count > 0 and not site:
                site = sg_run(&self._frame)
                count -= 1
        self._busy = False
        if site:
            _refuse(site - 1, [self._frame.detail[k] for k in range(8)], self._values)
        return 0

    def step(self):
        """Run once and return the outputs, as fresh values."""
        self._run(1)
        return _structured([y[()] if y.ndim == 0 else y.copy() for y in self._outputs])

    def __call__(self):
        """As `step`."""
        return self.step()

    def steps(self, Py_ssize_t count):
        """Run `count` times and return the outputs of the last time; None for no times."""
        self._run(count - 1)
        return self.step() if count > 0 else None


def @NAME@(*given, **named):
    """Run the program once: fresh outputs for these arguments, given in order or by name."""
    return Bound(*given, **named).step()


def _ordered(given, named):
    """One value an argument."""
    if len(given) > len(args):
        raise ValueError(f"{len(given)} arguments were given, there are {len(args)}: {args}.")
    values = dict(zip(args, given))
    for name, value in named.items():
        if name not in args:
            raise ValueError(f"there is no argument {name!r}; the arguments are {args}.")
        if name in values:
            raise ValueError(f"argument {name!r} is given twice, in order and by name.")
        values[name] = value
    missing = [name for name in args if name not in values]
    if missing:
        raise ValueError(f"arguments {missing} are missing. Give them in order or by name.")
    return [values[name] for name in args]


def _array(k, value):
    """An argument as an array of its dtype; arrays have to be as they are declared."""
    name, (dtype, declared, axes, updated) = args[k], _DECLARED[k]
    if not isinstance(value, _np.ndarray) and not updated:
        value = _converted(name, _np.asarray(value), dtype)
    if type(value) is not _np.ndarray:
        raise ValueError(f"argument {name!r} is {type(value).__name__}. Give a plain NumPy array.")
    if value.dtype != dtype:
        raise ValueError(f"argument {name!r} has dtype {value.dtype}, it is declared {dtype}.")
    if value.ndim != axes:
        raise ValueError(
            f"argument {name!r} has shape {value.shape}, it is declared {declared}."
        )
    if not value.flags.c_contiguous or not value.flags.aligned:
        raise ValueError(
            f"argument {name!r} is not C-contiguous and aligned. Give numpy.require(x, None, 'CA')."
        )
    if updated and not value.flags.writeable:
        raise ValueError(f"argument {name!r} is updated in place and read-only. Give a copy.")
@FINITE@
    return value


def _converted(name, value, dtype):
    """A number or a list of numbers as an array."""
    wanted = _np.dtype(dtype)
    if value.size and value.dtype.kind not in _ACCEPTED[wanted.kind]:
        raise ValueError(f"argument {name!r} has dtype {value.dtype}, it is declared {dtype}.")
    return _np.require(value, wanted, "CA")


def _refuse(site, detail, sizes):
    """Raise what a place inside of the program has found."""
    error, text, is_placed = _SITES[site]
    place = word = ""
    if is_placed:
        shape = _places(sizes)[site]
        place = tuple([int(i) for i in _np.unravel_index(detail[0], shape)]) if shape else ()
        word = _WORDS[detail[1]] if 0 <= detail[1] < 3 else ""
    raise error(text.format(*detail, place=place, word=word))
