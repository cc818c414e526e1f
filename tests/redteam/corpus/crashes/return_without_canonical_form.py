# Returns a value of a type that no expected value has.
# expect: RUNTIME_ERROR returned a value of type
# violation: no
# each: ["(i for i in [4])", "object()", "f", "iter([4])", "range(4)", "bytearray(b'4')",
#     "memoryview(b'4')", "type(4)", "...", "NotImplemented", "map(int, [4])", "{4: 4}.keys()",
#     "[4, (4, {4: object()})]", "__import__('collections').deque([4])",
#     "__import__('fractions').Fraction(4)", "__import__('decimal').Decimal(4)"]
def f(x):
    return $EACH
