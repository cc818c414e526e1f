"""Messages per second of the transport alone: batched streams beside one call a program.

    python -m benchmarks.transport [--programs 100000] [--calls 4000]

The real client library and the real front end in two processes; in place of the dispatcher stands
an echo that answers each program as passed and runs nothing. The unary figure is the same server's
`Execute` with one program a call, as many calls in flight as make it fastest. Two messages cross
for each program: the program and its result.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import grpc

from sandbox.backend import Done
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.frontend import Servicer
from sandbox.types import Program, Result, Test, TestResult, Verdict
from sandbox.v1 import opaque_pb2
from sandbox.wire import Writer, result_to_message
