"""Runs of several seeds whose networks are trained at once by one process.

Each is a process of its own, with its own record, its own lease and its own end; what it would compute comes
from a trainer, which it finds through an address in its environment.
"""
