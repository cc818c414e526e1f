# Is a coroutine that nobody awaits.
# expect: RUNTIME_ERROR returned a value of type coroutine
# violation: no
async def f(x):
    return 4
