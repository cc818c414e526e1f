# Bends the traceback of its exception.
# expect: RUNTIME_ERROR
# violation: no
def f(x):
    try:
        raise ValueError
    except ValueError as error:
        try:
            error.__traceback__.tb_next = error.__traceback__
        finally:
            raise
