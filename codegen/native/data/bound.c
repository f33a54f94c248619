/* Kernels bound to arrays: steps that return fresh outputs in the structure of the program. */
#include "bound.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* A sequence of whole numbers as new memory; NULL with an exception. */
i64 *sg_numbers(PyObject *given, Py_ssize_t *count) {
    PyObject *items = PySequence_Fast(given, "sizes must be a sequence of integers");
    if (!items) return NULL;
    *count = PySequence_Fast_GET_SIZE(items);
    i64 *found = PyMem_Calloc((size_t)*count + 1, sizeof(i64));
    if (!found) PyErr_NoMemory();
    for (Py_ssize_t k = 0; found && k < *count; k++) {
        found[k] = PyLong_AsLongLong(PySequence_Fast_GET_ITEM(items, k));
        if (found[k] == -1 && PyErr_Occurred()) {
            PyMem_Free(found);
            found = NULL;
        }
    }
    Py_DECREF(items);
    return found;
}

/* --- bound kernels ------------------------------------------------------------------------------- */

static void bound_dealloc(Bound *self) {
    PyObject_GC_UnTrack(self);
    for (Py_ssize_t k = 0; self->slots && k < self->inputs + self->outputs; k++) {
        Py_XDECREF(self->slots[k].type);
        Py_XDECREF(self->slots[k].given);
        PyMem_RawFree(self->slots[k].own);
    }
    PyMem_Free(self->slots);
    PyMem_Free(self->places);
    PyMem_Free(self->n);
    PyMem_Free(self->o);
    free(self->arena);
    if (self->lock) PyThread_free_lock(self->lock);
    Py_XDECREF(self->structure);
    Py_XDECREF(self->refuse);
    Py_XDECREF(self->otherwise);
    Py_XDECREF(self->first);
    Py_XDECREF(self->kernel);
    PyObject_GC_Del(self);
}

static int bound_traverse(Bound *self, visitproc visit, void *arg) {
    Py_VISIT(self->structure);
    Py_VISIT(self->refuse);
    Py_VISIT(self->otherwise);
    Py_VISIT(self->first);
    return 0;
}

static int bound_clear(Bound *self) {
    Py_CLEAR(self->refuse);
    Py_CLEAR(self->otherwise);
    return 0;
}

/* A slot from an array or from a pair (dtype, shape). */
static int fill_slot(Slot *slot, PyObject *given, int output) {
    if (!output && PyArray_Check(given)) {
        PyArrayObject *array = (PyArrayObject *)given;
        if (!PyArray_IS_C_CONTIGUOUS(array) || !PyArray_ISALIGNED(array)
            || !PyArray_ISNOTSWAPPED(array) || PyArray_NDIM(array) > MOST_AXES) {
            PyErr_SetString(PyExc_ValueError, "a bound array must be a plain C-contiguous array");
            return 0;
        }
        slot->type = PyArray_DESCR(array);
        Py_INCREF(slot->type);
        slot->given = (PyArrayObject *)Py_NewRef(given);
        slot->ndim = PyArray_NDIM(array);
        memcpy(slot->shape, PyArray_DIMS(array), (size_t)slot->ndim * sizeof(npy_intp));
        slot->bytes = PyArray_NBYTES(array);
        return 1;
    }
    PyObject *type, *shape;
    Py_ssize_t ndim;
    if (!PyTuple_Check(given) || !PyArg_ParseTuple(given, "OO", &type, &shape)) {
        PyErr_SetString(PyExc_TypeError, "an argument is an array or a pair (dtype, shape)");
        return 0;
    }
    if (!PyArray_DescrConverter(type, &slot->type)) return 0;
    i64 *sizes = sg_numbers(shape, &ndim);
    if (!sizes) return 0;
    slot->ndim = (int)ndim;
    slot->bytes = PyDataType_ELSIZE(slot->type);
    for (Py_ssize_t k = 0; k < ndim && k < MOST_AXES; k++) {
        slot->shape[k] = (npy_intp)sizes[k];
        if (sizes[k] < 0 || __builtin_mul_overflow(slot->bytes, (npy_intp)sizes[k], &slot->bytes)) {
            ndim = MOST_AXES + 1;
        }
    }
    PyMem_Free(sizes);
    if (ndim > MOST_AXES) {
        PyErr_SetString(PyExc_ValueError, "a shape has too many axes, or too many entries");
        return 0;
    }
    return 1;
}

static int fill_slots(Bound *self, PyObject *inputs, PyObject *outputs) {
    self->inputs = PySequence_Fast_GET_SIZE(inputs);
    self->outputs = PySequence_Fast_GET_SIZE(outputs);
    const Py_ssize_t all = self->inputs + self->outputs;
    self->slots = PyMem_Calloc((size_t)all + 1, sizeof(Slot));
    self->places = PyMem_Calloc((size_t)all + 1, sizeof(void *));
    if (!self->slots || !self->places) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t k = 0; k < all; k++) {
        const int output = k >= self->inputs;
        PyObject *given = output ? PySequence_Fast_GET_ITEM(outputs, k - self->inputs)
                                 : PySequence_Fast_GET_ITEM(inputs, k);
        if (!fill_slot(&self->slots[k], given, output)) return 0;
        if (self->slots[k].given) self->places[k] = PyArray_DATA(self->slots[k].given);
        else if (!output) self->open++;
    }
    return 1;
}

/* Large memory in pages of 2 MB where the system has them: the first write to each page costs time,
   and pages of 4 KB are hundreds of times as many. */
static void *large_memory(size_t bytes) {
    const size_t huge = (size_t)1 << 21;
    void *found = NULL;
    if (posix_memalign(&found, bytes < 2 * huge ? 64 : huge, bytes ? bytes : 64)) return NULL;
#ifdef MADV_HUGEPAGE
    if (bytes >= 2 * huge) (void)madvise(found, bytes, MADV_HUGEPAGE);
#endif
    return found;
}

static int make_arena(Bound *self) {
    self->o = PyMem_Calloc((size_t)self->kernel->buffers + 1, sizeof(i64));
    if (!self->o) {
        PyErr_NoMemory();
        return 0;
    }
    const i64 bytes = self->kernel->plan(self->n, self->o);
    self->arena = bytes < 0 ? NULL : large_memory((size_t)bytes);
    if (!self->arena) {
        PyErr_Format(PyExc_MemoryError, "no memory for an arena of %lld bytes", (long long)bytes);
        return 0;
    }
    memset(self->arena, 0, (size_t)bytes);
    return 1;
}

static int mark_stored(Bound *self, PyObject *stored) {
    Py_ssize_t count;
    i64 *numbers = sg_numbers(stored, &count);
    if (!numbers) return 0;
    for (Py_ssize_t k = 0; k < count; k++) {
        if (numbers[k] < 0 || numbers[k] >= self->inputs) {
            PyErr_SetString(PyExc_ValueError, "an argument that is stored to does not exist");
            break;
        }
        Slot *slot = &self->slots[numbers[k]];
        slot->stored = 1;
        if (!slot->given || !slot->bytes) continue;
        char *start = PyArray_BYTES(slot->given);
        if (!self->low || start < self->low) self->low = start;
        if (start + slot->bytes > self->high) self->high = start + slot->bytes;
    }
    PyMem_Free(numbers);
    return !PyErr_Occurred();
}

static int fill_bound(Bound *self, PyObject *inputs, PyObject *outputs, PyObject *sizes,
                      PyObject *stored) {
    Py_ssize_t count;
    self->lock = PyThread_allocate_lock();
    self->n = sg_numbers(sizes, &count);
    if (!self->lock && !PyErr_Occurred()) PyErr_NoMemory();
    return self->lock && self->n && fill_slots(self, inputs, outputs) && mark_stored(self, stored)
           && make_arena(self);
}

PyObject *sg_bind(Kernel *self, PyObject *args, PyObject *named) {
    static char *names[] = {"inputs", "outputs", "sizes", "structure", "refuse", "parts", "release",
                            "stored", "otherwise", "first", NULL};
    PyObject *inputs, *outputs, *sizes, *structure = Py_None, *refuse = Py_None;
    PyObject *release = Py_None, *stored = NULL, *otherwise = NULL, *first = NULL;
    Py_ssize_t parts = 1;
    if (!PyArg_ParseTupleAndKeywords(args, named, "OOO|OOnOOO!O!", names, &inputs, &outputs,
                                     &sizes, &structure, &refuse, &parts, &release, &stored,
                                     &PyTuple_Type, &otherwise, &sg_bound_type, &first)) {
        return NULL;
    }
    const int wanted = release == Py_None ? 0 : PyObject_IsTrue(release);
    stored = stored ? Py_NewRef(stored) : PyTuple_New(0);
    inputs = stored ? PySequence_Fast(inputs, "inputs must be a sequence") : NULL;
    outputs = inputs ? PySequence_Fast(outputs, "outputs must be a sequence") : NULL;
    Bound *bound = outputs && wanted >= 0 ? PyObject_GC_New(Bound, &sg_bound_type) : NULL;
    if (bound) {
        memset((char *)bound + sizeof(PyObject), 0, sizeof(Bound) - sizeof(PyObject));
        bound->kernel = (Kernel *)Py_NewRef(self);
        bound->structure = Py_NewRef(structure);
        bound->refuse = Py_NewRef(refuse);
        bound->otherwise = Py_XNewRef(otherwise);
        if (first && ((Bound *)first)->first) first = (PyObject *)((Bound *)first)->first;
        bound->first = (Bound *)Py_XNewRef(first);
        bound->release = wanted || parts > 1;
        bound->trials = release == Py_None && parts <= 1 ? 3 : 0;
        PyObject_GC_Track(bound);
        if (fill_bound(bound, inputs, outputs, sizes, stored)) {
            const sg_frame frame = {
                bound->places, bound->n, bound->o, bound->arena, sg_library(), 0,
                parts < 1 ? 1 : parts, NULL, bound->detail,
            };
            bound->frame = frame;
        } else {
            Py_CLEAR(bound);
        }
    }
    Py_XDECREF(stored);
    Py_XDECREF(inputs);
    Py_XDECREF(outputs);
    return (PyObject *)bound;
}

/* --- runs ---------------------------------------------------------------------------------------- */

int sg_enter(Bound *self, int release) {
    Bound *const first = self->first ? self->first : self;
    if (!release && !first->busy) return 0;
    if (!PyThread_acquire_lock(first->lock, NOWAIT_LOCK)) {
        Py_BEGIN_ALLOW_THREADS
        PyThread_acquire_lock(first->lock, WAIT_LOCK);
        Py_END_ALLOW_THREADS
    }
    first->busy = 1;
    return 1;
}

void sg_leave(Bound *self, int locked) {
    Bound *const first = self->first ? self->first : self;
    if (!locked) return;
    first->busy = 0;
    PyThread_release_lock(first->lock);
}

static inline i64 run_once(Bound *self) { return sg_run(self->kernel->run, &self->frame); }

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds for which a step keeps other Python threads waiting: letting them run costs as much as a
   small network. */
#define SHORT 5e-6

static i64 run_times(Bound *self, i64 count, int release) {
    i64 site = 0;
    if (!release) {
        const double start = self->trials ? seconds_now() : 0;
        while (count-- > 0 && !site) site = run_once(self);
        if (self->trials && seconds_now() - start < SHORT) self->trials = 0;
        else if (self->trials && --self->trials == 0) self->release = 1;
        return site;
    }
    Py_BEGIN_ALLOW_THREADS
    while (count-- > 0 && !site) site = run_once(self);
    Py_END_ALLOW_THREADS
    return site;
}

/* --- results ------------------------------------------------------------------------------------- */

static PyObject *scalar_of(const Slot *slot, const void *from) {
    PyObject *made;
    switch (slot->type->type_num) {
    case NPY_DOUBLE:
        if ((made = PyArrayScalar_New(Double))) PyArrayScalar_ASSIGN(made, Double, *(double *)from);
        return made;
    case NPY_FLOAT:
        if ((made = PyArrayScalar_New(Float))) PyArrayScalar_ASSIGN(made, Float, *(float *)from);
        return made;
    default:
        return PyArray_Scalar((void *)from, slot->type, NULL);
    }
}

/* The values in the shape of the structure: a number stands for the output of that number. */
static PyObject *filled(PyObject *structure, PyObject **values, Py_ssize_t count) {
    if (PyLong_Check(structure)) {
        const Py_ssize_t k = PyLong_AsSsize_t(structure);
        if (k < 0 || k >= count) {
            PyErr_SetString(PyExc_IndexError, "the structure names an output that is none");
            return NULL;
        }
        return Py_NewRef(values[k]);
    }
    if (Py_EnterRecursiveCall(" in the structure of the outputs")) return NULL;
    PyObject *made = NULL;
    if (PyTuple_Check(structure) || PyList_Check(structure)) {
        const int list = PyList_Check(structure);
        const Py_ssize_t size = PySequence_Fast_GET_SIZE(structure);
        made = list ? PyList_New(size) : PyTuple_New(size);
        for (Py_ssize_t k = 0; made && k < size; k++) {
            PyObject *part = filled(PySequence_Fast_GET_ITEM(structure, k), values, count);
            if (!part) Py_CLEAR(made);
            else if (list) PyList_SET_ITEM(made, k, part);
            else PyTuple_SET_ITEM(made, k, part);
        }
    } else if (PyDict_Check(structure)) {
        PyObject *key, *inner;
        Py_ssize_t at = 0;
        made = PyDict_New();
        while (made && PyDict_Next(structure, &at, &key, &inner)) {
            PyObject *part = filled(inner, values, count);
            if (!part || PyDict_SetItem(made, key, part)) Py_CLEAR(made);
            Py_XDECREF(part);
        }
    } else {
        PyErr_SetString(PyExc_TypeError, "a structure is made of numbers, lists, tuples and dicts");
    }
    Py_LeaveRecursiveCall();
    return made;
}

/* An exception for a site that refused, by the Python side, which knows what stands there. */
static void *refused(Bound *self, i64 site) {
    const i64 *d = self->detail;
    if (self->refuse && self->refuse != Py_None) {
        PyObject *said = PyObject_CallFunction(
            self->refuse, "L(LLLL)", (long long)site, (long long)d[0], (long long)d[1],
            (long long)d[2], (long long)d[3]);
        Py_XDECREF(said);
    }
    if (!PyErr_Occurred()) {
        PyErr_Format(PyExc_RuntimeError, "the kernel refused at site %lld", (long long)site);
    }
    return NULL;
}

/* Whether memory of this call overlaps an array that is stored to, or is stored to and overlaps any. */
static int overlaps(const Bound *self, Py_ssize_t number) {
    const Slot *slot = &self->slots[number];
    const char *start = self->places[number], *end = start + slot->bytes;
    if (!slot->bytes) return 0;
    if (!slot->stored && self->open == 1 && (end <= self->low || start >= self->high)) return 0;
    for (Py_ssize_t k = 0; k < self->inputs; k++) {
        const char *other = self->places[k];
        if (k == number || !(slot->stored || self->slots[k].stored)) continue;
        if (start < other + self->slots[k].bytes && other < end) return 1;
    }
    return 0;
}

/* Whether every byte is 0 or 1, as kernels take truth values; views of other bytes may hold more. */
static int are_truths(PyArrayObject *array) {
    const unsigned char *bytes = PyArray_DATA(array);
    unsigned char any = 0;
    for (npy_intp k = PyArray_SIZE(array); k-- > 0;) any |= bytes[k];
    return any <= 1;
}

static int fits(const Slot *slot, PyObject *given) {
    if (!PyArray_CheckExact(given)) return 0;
    PyArrayObject *array = (PyArrayObject *)given;
    return PyArray_TYPE(array) == slot->type->type_num && PyArray_NDIM(array) == slot->ndim
           && PyArray_IS_C_CONTIGUOUS(array) && PyArray_ISALIGNED(array)
           && PyArray_ISNOTSWAPPED(array) && (!slot->stored || PyArray_ISWRITEABLE(array))
           && !memcmp(PyArray_DIMS(array), slot->shape, (size_t)slot->ndim * sizeof(npy_intp))
           && (slot->type->type_num != NPY_BOOL || are_truths(array));
}

/* A float of Python, or a number of NumPy of the same type, into the slot's own memory. */
static int fits_as_number(Slot *slot, PyObject *given) {
    if (slot->ndim || slot->stored) return 0;
    const int type = slot->type->type_num;
    if (type == NPY_DOUBLE && (PyFloat_CheckExact(given) || PyArray_IsScalar(given, Double))) {
        slot->number.wide = PyFloat_AS_DOUBLE(given);
    } else if (type == NPY_FLOAT && PyArray_IsScalar(given, Float)) {
        slot->number.narrow = PyArrayScalar_VAL(given, Float);
    } else if (type == NPY_FLOAT && PyFloat_CheckExact(given)
               && __builtin_fabs(PyFloat_AS_DOUBLE(given)) < 1e38) {
        slot->number.narrow = (float)PyFloat_AS_DOUBLE(given);
    } else {
        return 0;
    }
    return 1;
}

/* The arrays of this call into the open places; an exception where they are not fit, but none where
   somebody else deals with them. */
static int place_given(Bound *self, PyObject *const *arrays, Py_ssize_t count, int quiet) {
    if (count != self->open) {
        if (!quiet) {
            PyErr_Format(PyExc_TypeError, "%zd arrays were given, %zd are open", count, self->open);
        }
        return 0;
    }
    for (Py_ssize_t k = 0, next = 0; next < count; k++) {
        Slot *slot = &self->slots[k];
        if (slot->given) continue;
        PyObject *given = arrays[next++];
        if (fits(slot, given)) {
            self->places[k] = PyArray_DATA((PyArrayObject *)given);
        } else if (fits_as_number(slot, given)) {
            self->places[k] = &slot->number;
        } else {
            if (!quiet) {
                PyErr_Format(PyExc_ValueError, "array %zd has another type, shape or layout",
                             next - 1);
            }
            return 0;
        }
    }
    for (Py_ssize_t k = 0; k < self->inputs && count; k++) {
        if (self->slots[k].given || !overlaps(self, k)) continue;
        if (!quiet) PyErr_SetString(PyExc_ValueError, "an array overlaps one that is stored to");
        return 0;
    }
    return 1;
}

#define FEW 8

/* Run into fresh outputs and return them in their structure. `*unfit` becomes 1 where the arrays are
   not fit; without an exception where it was 1 before. */
static PyObject *run_fresh(Bound *self, PyObject *const *arrays, Py_ssize_t given, i64 times,
                           int release, int *unfit) {
    PyObject *few[FEW], **values = few, *result = NULL;
    double few_numbers[FEW], *numbers = few_numbers;
    const Py_ssize_t count = self->outputs;
    const int locked = sg_enter(self, release), quiet = *unfit || self->otherwise;
    *unfit = 0;
    if (count > FEW) {
        values = PyMem_Malloc((size_t)count * sizeof(PyObject *));
        numbers = PyMem_Malloc((size_t)count * sizeof(double));
    }
    if (!values || !numbers) {
        PyErr_NoMemory();
        goto out;
    }
    memset(values, 0, (size_t)count * sizeof(PyObject *));
    if (!place_given(self, arrays, given, quiet)) {
        *unfit = 1;
        goto out;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        Slot *slot = &self->slots[self->inputs + k];
        void **place = &self->places[self->inputs + k];
        *place = &numbers[k];
        if (slot->ndim == 0 && slot->bytes <= (npy_intp)sizeof(double)) continue;
        Py_INCREF(slot->type);
        values[k] = PyArray_NewFromDescr(&PyArray_Type, slot->type, slot->ndim, slot->shape, NULL,
                                         NULL, 0, NULL);
        if (!values[k]) goto out;
        *place = PyArray_DATA((PyArrayObject *)values[k]);
    }
    const i64 site = run_times(self, times, release);
    if (site) {
        sg_leave(self, locked);
        refused(self, site);
        goto free;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        if (!values[k]) values[k] = scalar_of(&self->slots[self->inputs + k], &numbers[k]);
        if (!values[k]) goto out;
    }
    result = filled(self->structure, values, count);
out:
    sg_leave(self, locked);
free:
    for (Py_ssize_t k = 0; values && k < count; k++) Py_XDECREF(values[k]);
    if (values != few) PyMem_Free(values);
    if (numbers != few_numbers) PyMem_Free(numbers);
    return result;
}

/* What was given is not fit as it is: the Python side converts it, or says what is wrong. */
static PyObject *run_otherwise(Bound *self, int many, PyObject *const *args, Py_ssize_t count,
                               PyObject *names) {
    if (!self->otherwise || PyTuple_GET_SIZE(self->otherwise) != 2) {
        if (!self->open && !many && self->refuse && self->refuse != Py_None) {
            PyErr_Clear();
            return refused(self, 0); /* arguments where none is open */
        }
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "arrays are given in order");
        return NULL;
    }
    PyErr_Clear();
    PyObject *function = Py_NewRef(PyTuple_GET_ITEM(self->otherwise, many));
    const int locked = sg_enter(self, 1); /* it works on the same arrays */
    PyObject *result = PyObject_Vectorcall(function, args, (size_t)count, names);
    sg_leave(self, locked);
    Py_DECREF(function);
    return result;
}

/* A step, or NotImplemented where the arrays are not fit as they are and where another thread is at
   it: nothing has happened then. */
static PyObject *bound_attempt(Bound *self, PyObject *const *args, Py_ssize_t count) {
    int unfit = 1;
    if (!self->busy) {
        PyObject *result = run_fresh(self, args, count, 1, self->release, &unfit);
        if (!unfit) return result;
    }
    Py_RETURN_NOTIMPLEMENTED;
}

static PyObject *bound_step(Bound *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    int unfit = 0;
    if (!names) {
        PyObject *result = run_fresh(self, args, count, 1, self->release, &unfit);
        if (!unfit) return result;
    }
    return run_otherwise(self, 0, args, count, names);
}

static PyObject *bound_steps(Bound *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    int unfit = 0;
    if (!names && count && PyLong_Check(args[0])) {
        const long long times = PyLong_AsLongLong(args[0]);
        if (times == -1 && PyErr_Occurred()) return NULL;
        if (times <= 0) Py_RETURN_NONE;
        PyObject *result = run_fresh(self, args + 1, count - 1, times, 1, &unfit);
        if (!unfit) return result;
    }
    return run_otherwise(self, 1, args, count, names);
}

int sg_own_outputs(Bound *self) {
    for (Py_ssize_t k = self->inputs; k < self->inputs + self->outputs; k++) {
        Slot *slot = &self->slots[k];
        if (!slot->own) slot->own = PyMem_RawCalloc(1, (size_t)slot->bytes + 64);
        if (!slot->own) {
            PyErr_NoMemory();
            return 0;
        }
        self->places[k] = slot->own;
    }
    return 1;
}

static PyObject *bound_run(Bound *self, PyObject *Py_UNUSED(none)) {
    if (self->open) {
        PyErr_Format(PyExc_TypeError, "%zd arrays are open; bind them, or use step", self->open);
        return NULL;
    }
    const int locked = sg_enter(self, self->release);
    const int ready = sg_own_outputs(self);
    const i64 site = ready ? run_times(self, 1, self->release) : 0;
    sg_leave(self, locked);
    return ready ? PyLong_FromLongLong(site) : NULL;
}

static PyObject *bound_detail(Bound *self, void *Py_UNUSED(closure)) {
    const i64 *d = self->detail;
    return Py_BuildValue("LLLL", (long long)d[0], (long long)d[1], (long long)d[2], (long long)d[3]);
}

static PyMethodDef bound_methods[] = {
    {"step", (PyCFunction)(void (*)(void))bound_step, METH_FASTCALL | METH_KEYWORDS,
     "step(*arrays): run once and return fresh outputs; arrays for the open arguments in order."},
    {"steps", (PyCFunction)(void (*)(void))bound_steps, METH_FASTCALL | METH_KEYWORDS,
     "steps(count, *arrays): run `count` times and return the outputs of the last time."},
    {"attempt", (PyCFunction)(void (*)(void))bound_attempt, METH_FASTCALL,
     "attempt(*arrays): a step, or NotImplemented for arrays that do not fit, or a second thread."},
    {"run", (PyCFunction)bound_run, METH_NOARGS,
     "run(): run once, return nothing but the site that refused, or 0."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef bound_fields[] = {
    {"detail", (getter)bound_detail, NULL, "Four numbers about the last error.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject sg_bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "symgraph_native.Bound",
    .tp_basicsize = sizeof(Bound),
    .tp_dealloc = (destructor)bound_dealloc,
    .tp_traverse = (traverseproc)bound_traverse,
    .tp_clear = (inquiry)bound_clear,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "A kernel with its arrays and its memory.",
    .tp_methods = bound_methods,
    .tp_getset = bound_fields,
};
