# Makes an object in the finalizer of each object of its kind.
# expect: TIME_LIMIT cpu | RUNTIME_ERROR
# violation: no
class Phoenix:
    def __del__(self):
        while True:
            Phoenix()


def f(x):
    Phoenix()
    return 4
