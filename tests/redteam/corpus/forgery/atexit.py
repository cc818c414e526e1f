# Has the interpreter do something at its end.
# expect: WRONG_ANSWER
# violation: no
# each: ["os._exit", "sys.exit", "os.abort"]
import atexit
import os
import sys

atexit.register($EACH, *([] if "$EACH" == "os.abort" else [0]))


def f(x):
    return 5
