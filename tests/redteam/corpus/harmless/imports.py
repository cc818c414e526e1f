# Imports what ordinary programs import, and does no harm with it.
# expect: PASSED
# violation: no
# cpu: 5
# each: ["abc", "argparse", "array", "ast", "asyncio", "base64", "bisect", "calendar", "cmath",
#     "collections", "collections.abc", "concurrent.futures", "contextlib", "copy", "csv", "ctypes", "ctypes.util", "importlib.resources", "json.tool",
#     "dataclasses", "datetime", "decimal", "difflib", "dis", "doctest", "email.message", "enum",
#     "fractions", "functools", "gc", "getpass", "hashlib", "heapq", "hmac", "html", "inspect", "io",
#     "ipaddress", "itertools", "json", "keyword", "linecache", "locale", "logging", "lzma", "math",
#     "multiprocessing", "numbers", "operator", "os", "pathlib", "pdb", "pickle", "platform",
#     "pprint", "queue", "random", "re", "resource", "sched", "secrets", "select", "selectors",
#     "shutil", "signal", "socket", "sqlite3", "ssl", "statistics", "string", "struct", "subprocess",
#     "sys", "tempfile", "textwrap", "threading", "time", "timeit", "tokenize", "traceback", "types",
#     "typing", "unicodedata", "unittest", "unittest.mock", "urllib.request", "uuid", "warnings",
#     "weakref", "xml.etree.ElementTree", "zipfile", "zlib", "zoneinfo"]
import $EACH


def f(x):
    return 2 * x
