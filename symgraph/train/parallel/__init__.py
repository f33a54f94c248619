"""Training on several workers at once, each of which computes with its own samples."""

from symgraph.train.parallel.communicator import Communicator, gloo, mpi

__all__ = ["Communicator", "gloo", "mpi"]
