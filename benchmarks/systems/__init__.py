"""The systems that are compared: how each turns a workload into a step it can be timed on."""
