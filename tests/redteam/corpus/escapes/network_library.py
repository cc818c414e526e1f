# Reaches for the network through the library.
# expect: RUNTIME_ERROR
# violation: any
# each: {"http": "urllib.request.urlopen('http://127.0.0.1:7400/', timeout=1)",
#     "resolve": "socket.getaddrinfo('localhost', 80)",
#     "connect": "socket.create_connection(('127.0.0.1', 7400), 1)", "pair": "socket.socketpair()"}
import socket
import urllib.request


def f(x):
    $EACH
    return 4
