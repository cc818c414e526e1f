# Opens a socket.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: ["AF_INET", "AF_INET6", "AF_UNIX", "AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG",
#     "AF_BLUETOOTH", "AF_CAN"]
import socket


def f(x):
    socket.socket(getattr(socket, "$EACH", 1))
    return 4
