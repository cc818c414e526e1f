# Prints for ever before any test.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
while True:
    print("x" * 1000)
