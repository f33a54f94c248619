"""The native target: a graph as C, built by the machine's compiler and run by one loader.

The C of the runtime lies in ``data/``: a table of prebuilt routines that every kernel calls, and a
Python module that binds kernels to arrays.
"""
