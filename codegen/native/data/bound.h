/* Kernels and bound kernels, as the parts of the Python module see them. */
#ifndef SG_BOUND_H
#define SG_BOUND_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include "pool.h"

#define MOST_AXES 32

typedef i64 plan_function(const i64 *n, i64 *o);

typedef struct {
    PyObject_HEAD
    void *handle;
    plan_function *plan;
    sg_kernel *run;
    i64 buffers;
} Kernel;

/* What an argument or an output is, and where: `given` is the array behind `place`, if any. */
typedef struct {
    PyArray_Descr *type;
    PyArrayObject *given;
    void *own; /* memory of an output for runs that return nothing */
    int ndim, stored;
    npy_intp shape[MOST_AXES];
    npy_intp bytes;
    union { double wide; float narrow; } number; /* of a call that gave no array */
} Slot;

typedef struct Bound {
    PyObject_HEAD
    Kernel *kernel;
    PyObject *structure, *refuse;
    PyObject *otherwise; /* (step, steps) for arrays that are not fit as they are, or NULL */
    Slot *slots;
    Py_ssize_t inputs, outputs, open;
    void **places;
    i64 *n, *o;
    void *arena;
    i64 detail[4];
    sg_frame frame;
    int release; /* whether a step lets other Python threads run */
    int trials;  /* so many more steps are timed to find that out */
    char *low, *high; /* where the bound arrays that are stored to lie */
    int busy;
    PyThread_type_lock lock;
    struct Bound *first; /* whose lock keeps other threads away, where it is not the own one */
} Bound;

extern PyTypeObject sg_bound_type, sg_walk_type;

/* A sequence of whole numbers as new memory, and their count; NULL with an exception. */
i64 *sg_numbers(PyObject *given, Py_ssize_t *count);
PyObject *sg_bind(Kernel *self, PyObject *args, PyObject *named);
/* One run at a time: whether a lock was taken, for sg_leave; not needed while the GIL keeps others
   out. */
int sg_enter(Bound *self, int release);
void sg_leave(Bound *self, int locked);
/* Memory of our own for outputs that nobody gets; 0 with an exception. */
int sg_own_outputs(Bound *self);
/* walk(full, last, size, gathers, key=None) */
PyObject *sg_walk(PyObject *module, PyObject *args);

#endif
