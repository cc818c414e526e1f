# Returns more than its output limit.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
# each: {"text": "'x' * 2**26", "bytes": "bytes(2**26)", "list": "[0] * 2**22",
#     "number": "1 << 2**26", "wide text": "chr(0x10FFFF) * 2**20",
#     "shared parts": "[['x' * 1000] * 100] * 100", "dict": "dict.fromkeys(range(2**18), 'xxxx')",
#     "nest of doubles": "__import__('functools').reduce(lambda a, _: [a, a], range(35), 1)"}
def f(x):
    return $EACH
