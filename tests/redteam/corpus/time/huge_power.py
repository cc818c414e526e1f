# Spins inside one C call that looks at no signal at all.
# expect: TIME_LIMIT cpu
# violation: no
def f(x):
    return 7 ** 10**9
