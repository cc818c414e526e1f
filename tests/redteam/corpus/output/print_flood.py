# Prints for ever.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
def f(x):
    while True:
        print("x" * 1000)
