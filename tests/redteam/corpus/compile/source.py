# Is no source that a compiler takes.
# expect: COMPILE_ERROR
# violation: no
# build: $EACH
# each: {"parentheses": "'(' * 5000 + ')' * 5000", "brackets": "'x = ' + '[' * 100 + ']' * 99",
#     "minus": "'x = ' + '-' * 200_000 + '1'", "nul": "'x = 1' + chr(0) + chr(10)",
#     "nul in a comment": "'# ' + chr(0) + chr(10)", "cookie": "'# coding: no-such-codec\\nx = 1'",
#     "cookie of a transformation": "'# coding: rot13\\nvzcbeg bf'",
#     "cookie of bytes": "'# coding: hex\\n00'",
#     "byte order mark": "chr(0xFEFF) + '# coding: latin-1\\nx = 1'",
#     "attributes": "'a = ' + 'a.' * 50_000 + 'a'", "calls": "'f' + '()' * 50_000",
#     "subscripts": "'f' + '[0]' * 50_000", "not": "'not ' * 50_000 + 'x'",
#     "lambdas": "'lambda: ' * 50_000 + '0'", "conditions": "'1 if 1 else ' * 20_000 + '0'",
#     "powers": "'1' + '**1' * 50_000", "starred": "'*' * 50_000 + 'a = 1'",
#     "indents": "'if 1:\\n' + ''.join([' ' * n + 'if 1:\\n' for n in range(1, 150)])",
#     "tabs": "'if 1:\\n\\tx\\n        y'", "syntax": "'def f(x: return 4'", "octal": "'x = 0777'",
#     "return": "'return 4'", "await": "'await x'", "yield": "'yield'", "braces": "'from __future__ import braces'",
#     "digits": "'x = ' + '7' * 100_000", "nested f-text": "'f\"{' * 200",
#     "unended text": "'x = \"' + 'x' * 10**6", "no such name": "'x = \"\\\\N{no such name}\"'",
#     "continuation": "'\\\\\\n' * 100_000 + ')'", "dedent": "'if 1:\\n    x\\n  y'",
#     "global": "'def f():\\n    x = 1\\n    global x'", "debug": "'__debug__ = 1'",
#     "blocks": "''.join([' ' * n + 'for i in x:\\n' for n in range(25)]) + ' ' * 25 + 'pass'"}
