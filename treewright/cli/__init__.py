"""The command line. Each command only reads its arguments; the packages do the work.

Imports stand inside the commands: the sandbox's commands must run where torch is not installed, and
`--help` must answer at once.
"""

from treewright.cli import data, policy, runs, sandbox
from treewright.cli.group import USER_ERRORS, main

__all__ = ["USER_ERRORS", "data", "main", "policy", "runs", "sandbox"]
