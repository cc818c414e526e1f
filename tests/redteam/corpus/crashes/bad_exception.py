# Raises what can't be described.
# expect: RUNTIME_ERROR
# violation: no
# each: {"raises in str": "raise self", "no text": "return 4",
#     "exits": "raise SystemExit(0)", "interrupts": "raise KeyboardInterrupt",
#     "surrogates": "return chr(0xD800) * 1000", "recursion": "return str(self)",
#     "out of memory": "return 'x' * 2**40", "text that lies": "return L('x')",
#     "kills nothing": "return '\\x00' * 100"}
class L(str):
    def __getitem__(self, at):
        return self

    def __format__(self, form):
        return 4

    def encode(self, *rest):
        return 4


class Bad(Exception):
    def __str__(self):
        $EACH


def f(x):
    raise Bad
