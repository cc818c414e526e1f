# Has more lines than any table counts, and fails in the last one.
# expect: RUNTIME_ERROR line 300002
# violation: no
# cpu: 5
# build: 'def f(x):\n' + '\n' * 300_000 + '    raise ValueError'
