# Raises where the harness asks what its value is.
# expect: RUNTIME_ERROR
# violation: no
# each: ["SystemExit", "KeyboardInterrupt", "StopIteration", "GeneratorExit", "RecursionError"]
class Claim:
    @property
    def __class__(self):
        raise $EACH


def f(x):
    return Claim()
