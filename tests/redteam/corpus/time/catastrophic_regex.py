# Spins inside C code that looks at signals seldom.
# expect: TIME_LIMIT cpu
# violation: no
import re


def f(x):
    return re.match("(a+)+$", "a" * 40 + "b")
