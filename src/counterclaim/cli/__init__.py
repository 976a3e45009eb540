"""The command line: parses, calls, prints. The only package that prints or exits.

Exit codes: 0 fine, 1 the check failed, 2 an input must be put right.
"""

import argparse
import io
import sys
from collections.abc import Callable, Sequence

from counterclaim.cli.parser import TASK_NAMES, build_parser
from counterclaim.errors import CounterclaimError

__all__ = ["TASK_NAMES", "main"]
BAD_INPUT = 2
INTERRUPTED, PIPE_CLOSED = 130, 141  # as a shell reports them


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII only
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except CounterclaimError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`counterclaim stats | head`): nothing is left to say.
        sys.stderr.close()
        return PIPE_CLOSED
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT
