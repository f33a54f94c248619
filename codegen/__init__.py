"""From a graph to a program: passes, schedule, memory plan and one emitter per target.

The folder is imported as ``symgraph.codegen``.
"""
