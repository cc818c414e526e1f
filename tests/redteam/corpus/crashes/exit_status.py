# Ends with a status of its own.
# expect: RUNTIME_ERROR exit status
# violation: no
# each: ["3", "1", "70", "255"]
import os


def f(x):
    os._exit($EACH)
