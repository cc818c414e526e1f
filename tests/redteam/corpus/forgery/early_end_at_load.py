# Ends before any test, in a way that looks orderly.
# expect: RUNTIME_ERROR
# violation: no
# each: ["os._exit(0)", "sys.exit(0)", "raise SystemExit", "raise KeyboardInterrupt",
#     "raise GeneratorExit"]
import os
import sys

$EACH


def f(x):
    return 4
