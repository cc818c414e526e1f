# Looks for the host's paths in what the interpreter knows of itself.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((), [])]
import os
import sys


def f():
    known = [*sys.argv, *sys.path, sys.prefix, sys.exec_prefix, sys.base_prefix, os.getcwd()]
    allowed = ("", "/", "/usr", "/python")
    return [
        path
        for path in known
        if path not in allowed and not path.startswith(("/usr/", "/python/"))
    ]
