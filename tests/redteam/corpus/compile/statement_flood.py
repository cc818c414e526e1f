# Holds more statements than there is memory for.
# expect: COMPILE_ERROR | TIME_LIMIT cpu
# violation: no
# memory: 50331648
# build: 'x = [' + '(a, b, c), ' * 90_000 + ']'
