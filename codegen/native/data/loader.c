/* The Python module that loads kernels, binds them to arrays and runs them.

   Everything that a kernel could trip over (type, shape, layout of an array) is checked when an array
   comes in; what an array means is the business of the Python side. All parts of the module are one
   file for the compiler, which reads the headers of Python once. Nothing here takes time. */
#ifndef __clang__
#pragma GCC optimize("O1")
#endif
#include "bound.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "bound.c"
#include "walk.c"

/* --- kernels ------------------------------------------------------------------------------------- */

static void kernel_dealloc(Kernel *self) {
    if (self->handle) dlclose(self->handle);
    PyObject_Free(self);
}

static PyObject *kernel_plan(Kernel *self, PyObject *sizes) {
    Py_ssize_t count;
    i64 *n = sg_numbers(sizes, &count);
    if (!n) return NULL;
    i64 *o = PyMem_Calloc((size_t)self->buffers + 1, sizeof(i64));
    PyObject *offsets = o ? PyTuple_New(self->buffers) : PyErr_NoMemory();
    PyObject *result = NULL;
    if (offsets) {
        const i64 bytes = self->plan(n, o);
        for (i64 k = 0; k < self->buffers; k++) {
            PyObject *offset = PyLong_FromLongLong(o[k]);
            if (!offset) {
                Py_CLEAR(offsets);
                break;
            }
            PyTuple_SET_ITEM(offsets, k, offset);
        }
        if (offsets) result = Py_BuildValue("NL", offsets, (long long)bytes);
    }
    PyMem_Free(n);
    PyMem_Free(o);
    return result;
}

static PyMethodDef kernel_methods[] = {
    {"plan", (PyCFunction)kernel_plan, METH_O,
     "plan(sizes) -> (offsets, bytes): the arena for these values of the symbolic sizes."},
    {"bind", (PyCFunction)(void (*)(void))sg_bind, METH_VARARGS | METH_KEYWORDS,
     "bind(inputs, outputs, sizes, structure=None, refuse=None, parts=1, release=None, stored=(), "
     "otherwise=None) -> Bound."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject KernelType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "symgraph_native.Kernel",
    .tp_basicsize = sizeof(Kernel),
    .tp_dealloc = (destructor)kernel_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A compiled function.",
    .tp_methods = kernel_methods,
};

/* --- the module ---------------------------------------------------------------------------------- */

static void *symbol_of(void *handle, const char *name, const char *suffix) {
    PyObject *whole = PyUnicode_FromFormat("%s_%s", name, suffix);
    if (!whole) return NULL;
    void *found = dlsym(handle, PyUnicode_AsUTF8(whole));
    if (!found) PyErr_Format(PyExc_OSError, "the kernel has no function %U", whole);
    Py_DECREF(whole);
    return found;
}

static PyObject *load(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *path;
    const char *name;
    long long buffers;
    if (!PyArg_ParseTuple(args, "O&sL", PyUnicode_FSConverter, &path, &name, &buffers)) return NULL;
    Kernel *self = buffers >= 0 ? PyObject_New(Kernel, &KernelType) : NULL;
    if (!self) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "buffers is negative");
        Py_DECREF(path);
        return NULL;
    }
    self->buffers = buffers;
    self->handle = dlopen(PyBytes_AS_STRING(path), RTLD_NOW | RTLD_LOCAL);
    Py_DECREF(path);
    if (!self->handle) {
        const char *why = dlerror();
        PyErr_SetString(PyExc_OSError, why ? why : "the kernel cannot be loaded");
    }
    /* a function through a pointer to it: ISO C does not convert void * to a function */
    if (self->handle) *(void **)&self->plan = symbol_of(self->handle, name, "plan");
    if (self->handle && !PyErr_Occurred()) *(void **)&self->run = symbol_of(self->handle, name, "run");
    if (PyErr_Occurred()) Py_CLEAR(self);
    return (PyObject *)self;
}

/* What a library of tiles may have, and its place in the table. */
static const struct {
    const char *name;
    size_t place;
} tiles[] = {
#define TILE(NAME) {"sg_" #NAME, offsetof(sg_table, NAME)}
    TILE(gemm_f32), TILE(copy2_f32), TILE(rows_f32), TILE(dots_f32),
    TILE(sparse_f32),
    TILE(gemm_f64), TILE(copy2_f64), TILE(rows_f64), TILE(dots_f64),
    TILE(sparse_f64),
};

static PyObject *take(PyObject *Py_UNUSED(module), PyObject *path) {
    PyObject *bytes;
    if (!PyUnicode_FSConverter(path, &bytes)) return NULL;
    void *handle = dlopen(PyBytes_AS_STRING(bytes), RTLD_NOW | RTLD_LOCAL);
    Py_DECREF(bytes);
    if (!handle) {
        const char *why = dlerror();
        PyErr_SetString(PyExc_OSError, why ? why : "the tiles cannot be loaded");
        return NULL;
    }
    for (size_t k = 0; k < sizeof tiles / sizeof tiles[0]; k++) {
        void *found = dlsym(handle, tiles[k].name);
        if (found) memcpy((char *)sg_library() + tiles[k].place, &found, sizeof found);
    }
    Py_RETURN_NONE;
}

static PyObject *permutation(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_ssize_t count;
    unsigned long long seed, stream = 0;
    if (!PyArg_ParseTuple(args, "nK|K", &count, &seed, &stream)) return NULL;
    npy_intp shape = count;
    if (count < 0 || count > PY_SSIZE_T_MAX / 64) {
        PyErr_SetString(PyExc_ValueError, "the number of entries is out of range");
        return NULL;
    }
    PyObject *result = PyArray_SimpleNew(1, &shape, NPY_INT64);
    u64 *keys = PyMem_RawMalloc((size_t)count * 4 * sizeof(u64) + 1);
    if (!result || !keys) {
        PyMem_RawFree(keys);
        Py_XDECREF(result);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    sg_permutation(seed, stream, count, keys, (i64 *)(keys + 2 * count));
    memcpy(PyArray_DATA((PyArrayObject *)result), keys + 2 * count, (size_t)count * sizeof(i64));
    Py_END_ALLOW_THREADS
    PyMem_RawFree(keys);
    return result;
}

static PyObject *table_address(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyLong_FromVoidPtr((void *)sg_library());
}

static PyMethodDef module_methods[] = {
    {"load", load, METH_VARARGS,
     "load(path, name, buffers) -> Kernel: the functions name_plan and name_run of a library."},
    {"take", take, METH_O,
     "take(path): the table has the tiles of a library, which stays loaded."},
    {"walk", sg_walk, METH_VARARGS,
     "walk(full, last, size, gathers, key=None) -> Walk: batches of data under a bound kernel."},
    {"permutation", permutation, METH_VARARGS,
     "permutation(count, seed, stream=0): the numbers below `count` in random order."},
    {"table", table_address, METH_NOARGS, "The address of the table of prebuilt routines."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "symgraph_native", .m_size = -1, .m_methods = module_methods,
};

PyMODINIT_FUNC PyInit_symgraph_native(void) {
    import_array();
    if (PyType_Ready(&KernelType) || PyType_Ready(&sg_bound_type)) return NULL;
    if (PyType_Ready(&sg_walk_type)) return NULL;
    return PyModule_Create(&module_definition);
}
