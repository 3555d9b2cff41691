"""The command line: arguments and printing."""

from .program import main

__all__ = ["main"]
