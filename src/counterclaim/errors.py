"""What can go wrong, in the words of whoever has to put it right.

Every message says where the problem is, what was found and what was expected.
The command line prints it without a traceback and exits with code 2.
"""


class CounterclaimError(Exception):
    """Base class of everything this package raises on purpose."""


class DataError(CounterclaimError):
    """A file or a record of data must be put right."""


class ModelError(CounterclaimError):
    """A model file does not keep to the contract of `counterclaim.running`."""
