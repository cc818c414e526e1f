# Spins for ever before any test.
# expect: TIME_LIMIT cpu
# violation: no
while True:
    pass
