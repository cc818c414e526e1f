# Reads a number of millions of digits, which takes quadratic time.
# expect: TIME_LIMIT cpu
# violation: no
import sys

sys.set_int_max_str_digits(0)


def f(x):
    return int("7" * 2_000_000) % 10
