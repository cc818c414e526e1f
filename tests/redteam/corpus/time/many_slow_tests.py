# Uses a little time in each of many tests: the limit is for all together.
# expect: TIME_LIMIT cpu
# violation: no
# cpu: 0.3
# tests: [((1,), 0), ((2,), 0), ((3,), 0), ((4,), 0), ((5,), 0), ((6,), 0), ((7,), 0), ((8,), 0),
#     ((9,), 0), ((10,), 0)]
import time


def f(x):
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
    return 0
