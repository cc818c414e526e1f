# Calls what ordinary programs call, and does no harm with it.
# expect: PASSED
# violation: no
# cpu: 5
# each: ["os.path.expanduser('~')", "datetime.datetime.now().astimezone()", "os.cpu_count()",
#     "random.SystemRandom().random()", "uuid.uuid4()", "secrets.token_hex()", "os.getcwd()",
#     "platform.machine()", "platform.python_version()", "sys.stdin.read()", "sys.stdout.isatty()",
#     "time.strftime('%c')", "time.perf_counter_ns()", "os.urandom(8)", "os.listdir('/usr')",
#     "threading.Lock().acquire()", "queue.Queue().put(1)", "threading.current_thread()",
#     "threading.local()", "functools.lru_cache(f)", "locale.getpreferredencoding()",
#     "locale.setlocale(locale.LC_ALL, '')", "sqlite3.connect(':memory:').execute('select 1')",
#     "hashlib.sha256(b'x').hexdigest()", "hashlib.new('md5', b'x')", "zlib.compress(b'x' * 10**5)",
#     "lzma.compress(b'x')", "pickle.loads(pickle.dumps([1]))", "copy.deepcopy([[1]])",
#     "json.dumps({'x': [1, None]})", "decimal.getcontext().sqrt(2)", "os.environ.get('PATH')",
#     "inspect.signature(f)", "inspect.getsource(json)", "warnings.warn('x')", "logging.warning('x')", "gc.collect()",
#     "traceback.format_exc()", "traceback.print_stack()", "re.compile('x' * 1000)",
#     "exec('y = 1')", "eval('1 + 1')", "compile('1', '', 'eval')", "open('/dev/null').read()",
#     "open('/dev/urandom', 'rb').read(8)", "mmap.mmap(-1, 4096)", "array.array('i', [1])",
#     "ctypes.create_string_buffer(8)", "asyncio.iscoroutine(f)", "resource.getrusage(0)",
#     "signal.getsignal(2)", "sysconfig.get_paths()", "time.get_clock_info('time')",
#     "zoneinfo.available_timezones()", "statistics.stdev([1, 2])", "getattr(os, 'sched_yield')()"]
import array
import asyncio
import copy
import ctypes
import datetime
import decimal
import functools
import gc
import hashlib
import inspect
import json
import locale
import logging
import lzma
import mmap
import os
import pickle
import platform
import queue
import random
import re
import resource
import secrets
import signal
import sqlite3
import statistics
import sys
import sysconfig
import threading
import time
import traceback
import uuid
import warnings
import zlib
import zoneinfo


def f(x):
    $EACH
    return 2 * x
