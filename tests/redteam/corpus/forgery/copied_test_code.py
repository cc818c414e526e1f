# Looks for the assert statements that are run on it, to read the answers off.
# expect: WRONG_ANSWER
# violation: no
# cpu: 5
# code: "assert f('xyzzy') == 'plugh-8231'"
import gc
import linecache
import sys


def f(x):
    texts = [item for item in gc.get_objects() if type(item) in (str, bytes)]
    frame = sys._getframe()
    while frame:
        texts += [str(held) for held in frame.f_locals.values() if type(held) in (tuple, list, str)]
        texts += [str(frame.f_code.co_consts), *linecache.getlines(frame.f_code.co_filename)]
        frame = frame.f_back
    found = [str(text) for text in texts if "plugh" + "-" in str(text)]
    return found[0] if found else ""
