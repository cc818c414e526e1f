# Exchanges the code of the harness's functions, found through the garbage collector.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: any
# tests: [((2,), 123456)]
import gc


def fake(*args, **named):
    return b"i7;"


def f(x):
    for item in gc.get_objects():
        if type(item) is type(f) and item.__module__.startswith("sandbox"):
            try:
                item.__code__ = fake.__code__
            except ValueError:
                pass
    return 5
