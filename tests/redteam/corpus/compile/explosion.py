# Makes the compiler write code without end from little source.
# expect: COMPILE_ERROR | TIME_LIMIT cpu
# violation: no
# memory: 134217728
# build: $EACH
# each: {"finally": "''.join([' ' * n + 'try: pass\\n' + ' ' * n + 'finally:\\n' for n in range(40)]) + ' ' * 40 + 'pass'",
#     "comprehensions": "'[' * 60 + '0' + ' for a in b]' * 60 + '+' * 100_000 + '('",
#     "constants": "'x = (' + '((1,) * 250,) * 250,' * 3000 + ')' + '('"}
