# Fills a dict with keys of one hash.
# expect: TIME_LIMIT cpu
# violation: no
def f(x):
    modulus = (1 << 61) - 1
    return len({number * modulus: None for number in range(100_000)})
