# Is an asynchronous generator.
# expect: RUNTIME_ERROR returned a value of type async_generator
# violation: no
async def f(x):
    yield 4
