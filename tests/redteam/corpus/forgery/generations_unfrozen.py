# Unfreezes the garbage collector and walks through all that the harness holds.
# expect: WRONG_ANSWER
# violation: no
# cpu: 20
# tests: [((306091215182124,), 918273645546372)]
import gc
import sys


def f(third):
    gc.unfreeze()
    stack, ids = [sys.modules, gc.get_objects()], set()
    frame = sys._getframe()
    while frame:
        stack += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    while stack and len(ids) < 300_000:
        item = stack.pop()
        if id(item) in ids or item is ids or item is stack:
            continue
        ids.add(id(item))
        if type(item) is int and item // 3 == third:
            return item
        stack += gc.get_referents(item)
    assert len(ids) > 5000, "the walk saw little"
    return 0
