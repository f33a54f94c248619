/* A bound kernel on one batch of some data after another, whole epochs without the GIL.

   The rows of a batch are gathered into the array that the kernel is bound to; rows that lie side by
   side in the data are read where they are. */
#include "bound.h"

#include <math.h>
#include <string.h>

/* An argument that takes its rows from data: both are outer x rows x inner bytes. */
typedef struct {
    Py_ssize_t argument;
    PyArrayObject *source;
    npy_intp outer, inner;
} Gather;

typedef struct {
    PyObject_HEAD
    Bound *full, *last;
    i64 size, last_size, rows;
    Gather *gathers;
    Py_ssize_t count;
    PyArrayObject *key;
    long long epochs_done, batches_done; /* by the last call, also when it raised */
} Walk;

#define NOT_FINITE -1

static void walk_dealloc(Walk *self) {
    for (Py_ssize_t k = 0; self->gathers && k < self->count; k++) Py_XDECREF(self->gathers[k].source);
    PyMem_Free(self->gathers);
    Py_XDECREF(self->full);
    Py_XDECREF(self->last);
    Py_XDECREF(self->key);
    PyObject_Free(self);
}

/* --- what a walk is made of ---------------------------------------------------------------------- */

static int wrong(const char *what) {
    if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "walk: %s", what);
    return 0;
}

/* The rows that a bound kernel takes along an axis of the argument, checked against the source. */
static int check_target(const Bound *bound, const Gather *gather, int axis, i64 rows) {
    if (gather->argument < 0 || gather->argument >= bound->inputs) return wrong("no such argument");
    const Slot *slot = &bound->slots[gather->argument];
    PyArrayObject *source = gather->source;
    if (!slot->given) return wrong("an argument that takes rows of data is not bound");
    if (slot->ndim != PyArray_NDIM(source) || slot->type->type_num != PyArray_TYPE(source)) {
        return wrong("data of another type or number of axes than the argument");
    }
    for (int k = 0; k < slot->ndim; k++) {
        if (slot->shape[k] != (k == axis ? (npy_intp)rows : PyArray_DIM(source, k))) {
            return wrong("data of another shape than the argument");
        }
    }
    return 1;
}

static int check_bound(const Bound *bound) {
    if (bound->open) return wrong("an argument is neither bound nor part of the data");
    for (Py_ssize_t k = bound->inputs; k < bound->inputs + bound->outputs; k++) {
        const int type = bound->slots[k].type->type_num;
        if (bound->slots[k].ndim || (type != NPY_FLOAT && type != NPY_DOUBLE && type != NPY_INT64)) {
            return wrong("an output is no number that could be summed");
        }
    }
    return 1;
}

static int fill_gather(Walk *self, Gather *gather, PyObject *given) {
    PyObject *source;
    int axis;
    if (!PyArg_ParseTuple(given, "nO!i", &gather->argument, &PyArray_Type, &source, &axis)) return 0;
    gather->source = (PyArrayObject *)Py_NewRef(source);
    if (!PyArray_ISCARRAY_RO(gather->source)) return wrong("data must be plain C-contiguous arrays");
    if (axis < 0 || axis >= PyArray_NDIM(gather->source)) return wrong("no such axis");
    if (self->rows >= 0 && self->rows != PyArray_DIM(gather->source, axis)) {
        return wrong("data with different numbers of rows");
    }
    self->rows = PyArray_DIM(gather->source, axis);
    gather->outer = 1;
    gather->inner = PyArray_ITEMSIZE(gather->source);
    for (int k = 0; k < PyArray_NDIM(gather->source); k++) {
        if (k < axis) gather->outer *= PyArray_DIM(gather->source, k);
        if (k > axis) gather->inner *= PyArray_DIM(gather->source, k);
    }
    if (!check_target(self->full, gather, axis, self->size)) return 0;
    if (self->last && self->last_size < 0) {
        if (gather->argument >= self->last->inputs) return wrong("no such argument");
        const Slot *slot = &self->last->slots[gather->argument];
        self->last_size = axis < slot->ndim ? slot->shape[axis] : 0;
    }
    return !self->last || check_target(self->last, gather, axis, self->last_size);
}

static int fill_walk(Walk *self, PyObject *gathers, PyObject *key) {
    self->rows = self->last_size = -1;
    if (self->size < 1) return wrong("a batch has at least one row");
    if (!check_bound(self->full) || (self->last && !check_bound(self->last))) return 0;
    if (self->last && self->last->outputs != self->full->outputs) return wrong("two programs");
    if (key != Py_None) {
        if (!PyArray_Check(key) || PyArray_TYPE((PyArrayObject *)key) != NPY_INT64
            || PyArray_SIZE((PyArrayObject *)key) != 1 || !PyArray_ISBEHAVED((PyArrayObject *)key)) {
            return wrong("the key must be an int64 array of one number");
        }
        self->key = (PyArrayObject *)Py_NewRef(key);
    }
    self->count = PySequence_Fast_GET_SIZE(gathers);
    self->gathers = PyMem_Calloc((size_t)self->count + 1, sizeof(Gather));
    if (!self->gathers) return PyErr_NoMemory() != NULL;
    for (Py_ssize_t k = 0; k < self->count; k++) {
        PyObject *item = PySequence_Fast_GET_ITEM(gathers, k);
        if (!PyTuple_Check(item)) return wrong("gathers are tuples (argument, data, axis)");
        if (!fill_gather(self, &self->gathers[k], item)) return 0;
    }
    return 1;
}

PyObject *sg_walk(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *full, *last, *gathers, *key = Py_None;
    long long size;
    if (!PyArg_ParseTuple(args, "O!OLO|O", &sg_bound_type, &full, &last, &size, &gathers, &key)) {
        return NULL;
    }
    if (last != Py_None && !PyObject_TypeCheck(last, &sg_bound_type)) {
        wrong("last must be a bound kernel or None");
        return NULL;
    }
    gathers = PySequence_Fast(gathers, "gathers must be a sequence");
    Walk *self = gathers ? PyObject_New(Walk, &sg_walk_type) : NULL;
    if (self) {
        memset((char *)self + sizeof(PyObject), 0, sizeof(Walk) - sizeof(PyObject));
        self->full = (Bound *)Py_NewRef(full);
        if (last != Py_None) self->last = (Bound *)Py_NewRef(last);
        self->size = size;
        if (!fill_walk(self, gathers, key)) Py_CLEAR(self);
    }
    Py_XDECREF(gathers);
    return (PyObject *)self;
}

/* --- batches ------------------------------------------------------------------------------------- */

/* The rows that a batch takes from data. */
typedef struct {
    const Walk *walk;
    Bound *bound;
    const i64 *index;
    i64 count;
} Batch;

static void gather_rows(const Gather *gather, i64 rows, const Batch *batch, i64 part, i64 parts) {
    const npy_intp inner = gather->inner;
    const i64 first = batch->count * part / parts, last = batch->count * (part + 1) / parts;
    const i64 *index = batch->index;
    const char *from = PyArray_BYTES(gather->source);
    char *whole = batch->bound->places[gather->argument];
    for (npy_intp o = 0; o < gather->outer; o++, from += rows * inner) {
        char *to = whole + (o * batch->count + first) * inner;
        if (inner == 4) {
            for (i64 i = first; i < last; i++, to += 4) memcpy(to, from + index[i] * 4, 4);
        } else if (inner == 8) {
            for (i64 i = first; i < last; i++, to += 8) memcpy(to, from + index[i] * 8, 8);
        } else {
            for (i64 i = first; i < last; i++, to += inner) {
                memcpy(to, from + index[i] * inner, (size_t)inner);
            }
        }
    }
}

/* What a part gathers of the batch: rows that lie side by side are read where they are. */
static void gather_part(void *given, i64 part, i64 parts) {
    const Batch *batch = given;
    const Walk *walk = batch->walk;
    for (Py_ssize_t k = 0; k < walk->count; k++) {
        const Gather *gather = &walk->gathers[k];
        const void *own = PyArray_DATA(batch->bound->slots[gather->argument].given);
        if (batch->bound->places[gather->argument] != own) continue;
        gather_rows(gather, walk->rows, batch, part, parts);
    }
}

static i64 run_batch(const Walk *self, Bound *bound, const i64 *index, i64 count, double *sums) {
    Batch batch = {self, bound, index, count};
    i64 together = 1, gathered = 0;
    while (together < count && index[together] == index[0] + together) together++;
    for (Py_ssize_t k = 0; k < self->count; k++) {
        const Gather *gather = &self->gathers[k];
        void **place = &bound->places[gather->argument];
        const int there = together == count && gather->outer == 1;
        *place = there ? PyArray_BYTES(gather->source) + index[0] * gather->inner
                       : (char *)PyArray_DATA(bound->slots[gather->argument].given);
        gathered += !there;
    }
    sg_task *const task = gathered ? gather_part : NULL;
    const i64 site = sg_run_after(task, &batch, bound->kernel->run, &bound->frame);
    if (site) return site;
    double first = 0;
    for (Py_ssize_t k = 0; k < bound->outputs; k++) {
        const Slot *slot = &bound->slots[bound->inputs + k];
        const void *at = bound->places[bound->inputs + k];
        const int type = slot->type->type_num;
        const double value = type == NPY_FLOAT    ? (double)*(const float *)at
                             : type == NPY_DOUBLE ? *(const double *)at
                                                  : (double)*(const i64 *)at;
        sums[k] += value * (double)count;
        if (k == 0) first = value;
    }
    return isfinite(first) ? 0 : NOT_FINITE;
}

/* How often a clock is looked at, so that it costs nothing and is late by milliseconds only. */
typedef struct {
    double start, seen, limit;
    i64 every, since;
} Clock;

/* 0 to go on, 1 when the time is over, -1 with an exception; called without the GIL. */
static int is_over(Clock *clock) {
    if (++clock->since < clock->every) return 0;
    const double now = seconds_now(), passed = now - clock->seen;
    clock->since = 0, clock->seen = now;
    if (passed < 25e-3 && clock->every < 1 << 20) clock->every *= 2;
    if (passed > 100e-3 && clock->every > 1) clock->every /= 2;
    const PyGILState_STATE state = PyGILState_Ensure();
    const int failed = PyErr_CheckSignals();
    PyGILState_Release(state);
    return failed ? -1 : clock->limit > 0 && now - clock->start >= clock->limit;
}

typedef struct {
    i64 batches, site;
    int over;
} Outcome;

/* The samples of an order, batch by batch, until the end, a site that refuses or the time. */
static Outcome run_order(const Walk *self, const i64 *order, i64 count, i64 seed, i64 step,
                         double *sums, Clock *clock) {
    Outcome outcome = {0, 0, 0};
    for (i64 at = 0; at < count && !outcome.site && !outcome.over; at += self->size) {
        const i64 rows = count - at < self->size ? count - at : self->size;
        Bound *bound = rows == self->size ? self->full : self->last;
        if (self->key) {
            const u64 high = (u64)seed % 2147483648u << 32;
            *(i64 *)PyArray_DATA(self->key) = (i64)(high | (u64)(step + outcome.batches));
        }
        outcome.site = run_batch(self, bound, order + at, rows, sums);
        if (outcome.site <= 0) outcome.batches++;
        outcome.over = is_over(clock);
    }
    return outcome;
}

/* Both programs to ourselves, with memory for their outputs; their places as they were afterwards. */
static int begin(Walk *self, int *locked) {
    locked[0] = sg_enter(self->full, 1);
    locked[1] = self->last && self->last != self->full ? sg_enter(self->last, 1) : 0;
    return sg_own_outputs(self->full) && (!self->last || sg_own_outputs(self->last));
}

static void end(Walk *self, const int *locked) {
    Bound *const both[2] = {self->full, self->last};
    for (int k = 0; k < 2; k++) {
        for (Py_ssize_t g = 0; both[k] && g < self->count; g++) {
            const Py_ssize_t at = self->gathers[g].argument;
            both[k]->places[at] = PyArray_DATA(both[k]->slots[at].given);
        }
    }
    if (locked[1]) sg_leave(self->last, 1);
    sg_leave(self->full, locked[0]);
}

static int check_sums(const Walk *self, PyArrayObject *sums, i64 times) {
    if (PyArray_TYPE(sums) == NPY_DOUBLE && PyArray_ISCARRAY(sums)
        && PyArray_SIZE(sums) == self->full->outputs * times) {
        return 1;
    }
    return wrong("the sums must be a float64 array with one number an output");
}

static int check_rest(const Walk *self, i64 count) {
    const i64 rest = count % self->size;
    return !rest || (self->last && (self->last_size == rest))
           || wrong("no program for the rows of the last batch");
}

static PyObject *walk_run(Walk *self, PyObject *args) {
    PyArrayObject *order, *sums;
    long long seed, step;
    double seconds = 0;
    int locked[2];
    if (!PyArg_ParseTuple(args, "O!O!LL|d", &PyArray_Type, &order, &PyArray_Type, &sums, &seed, &step,
                          &seconds)) {
        return NULL;
    }
    if (PyArray_TYPE(order) != NPY_INT64 || PyArray_NDIM(order) != 1 || !PyArray_ISCARRAY_RO(order)) {
        wrong("the order must be a plain int64 array");
        return NULL;
    }
    const i64 count = PyArray_SIZE(order), *index = PyArray_DATA(order);
    if (!check_sums(self, sums, 1) || !check_rest(self, count)) return NULL;
    for (i64 i = 0; i < count && self->rows >= 0; i++) {
        if ((u64)index[i] >= (u64)self->rows) {
            PyErr_Format(PyExc_IndexError, "walk: row %lld of %lld", (long long)index[i],
                         (long long)self->rows);
            return NULL;
        }
    }
    Outcome outcome = {0, 0, 0};
    self->epochs_done = self->batches_done = 0;
    if (begin(self, locked)) {
        const double now = seconds_now();
        Clock clock = {now, now, seconds, 1, 0};
        Py_BEGIN_ALLOW_THREADS
        outcome = run_order(self, index, count, seed, step, PyArray_DATA(sums), &clock);
        Py_END_ALLOW_THREADS
    }
    end(self, locked);
    self->batches_done = outcome.batches;
    if (PyErr_Occurred()) return NULL;
    return Py_BuildValue("LL", (long long)outcome.batches, (long long)outcome.site);
}

static PyObject *walk_epochs(Walk *self, PyObject *args) {
    PyArrayObject *sums;
    long long seed, step, first, times;
    double seconds = 0;
    int shuffle, locked[2];
    if (!PyArg_ParseTuple(args, "LLpO!LL|d", &first, &times, &shuffle, &PyArray_Type, &sums, &seed,
                          &step, &seconds)) {
        return NULL;
    }
    const i64 rows = self->rows < 0 ? 1 : self->rows;
    if (times < 0 || first < 0 || !check_sums(self, sums, times) || !check_rest(self, rows)) {
        wrong("epochs are counted from 0");
        return NULL;
    }
    u64 *keys = PyMem_RawMalloc((size_t)rows * 4 * sizeof(u64) + 1);
    if (!keys) return PyErr_NoMemory();
    i64 *order = (i64 *)(keys + 2 * rows), done = 0;
    self->epochs_done = self->batches_done = 0;
    for (i64 i = 0; i < rows; i++) order[i] = i;
    const i64 each = (rows + self->size - 1) / self->size;
    const int mixed = shuffle && self->size < rows;
    Outcome outcome = {0, 0, 0};
    if (begin(self, locked)) {
        const double now = seconds_now();
        Clock clock = {now, now, 0, 1, 0}; /* an epoch that has begun is finished */
        double *totals = PyArray_DATA(sums);
        Py_BEGIN_ALLOW_THREADS
        while (done < times && !outcome.site && !outcome.over) {
            if (mixed) sg_permutation((u64)seed, (u64)(first + done), rows, keys, order);
            outcome = run_order(self, order, rows, seed, step, totals, &clock);
            step += outcome.batches, totals += self->full->outputs;
            if (!outcome.site && outcome.batches == each) done++, outcome.batches = 0;
            if (seconds > 0 && clock.seen - clock.start >= seconds) break;
        }
        Py_END_ALLOW_THREADS
    }
    end(self, locked);
    PyMem_RawFree(keys);
    self->epochs_done = done, self->batches_done = outcome.batches;
    if (PyErr_Occurred()) return NULL;
    return Py_BuildValue("LLL", self->epochs_done, self->batches_done, (long long)outcome.site);
}

static PyMethodDef walk_methods[] = {
    {"run", (PyCFunction)walk_run, METH_VARARGS,
     "run(order, sums, seed, step, seconds=0) -> (batches, site): the samples in this order; adds "
     "output * rows to sums. Ends after a site that refuses, after a first output that is not "
     "finite (-1), or after so many seconds."},
    {"epochs", (PyCFunction)walk_epochs, METH_VARARGS,
     "epochs(first, count, shuffle, sums, seed, step, seconds=0) -> (epochs, batches, site): whole "
     "epochs, each with its own row of sums; `batches` counts those of an epoch that broke off."},
    {NULL, NULL, 0, NULL},
};

static PyObject *walk_done(Walk *self, void *Py_UNUSED(closure)) {
    return Py_BuildValue("LL", self->epochs_done, self->batches_done);
}

static PyGetSetDef walk_fields[] = {
    {"done", (getter)walk_done, NULL,
     "What the last call has done, also when it raised: whole epochs, and batches behind them.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject sg_walk_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "symgraph_native.Walk",
    .tp_basicsize = sizeof(Walk),
    .tp_dealloc = (destructor)walk_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A kernel on one batch of data after another.",
    .tp_methods = walk_methods,
    .tp_getset = walk_fields,
};
