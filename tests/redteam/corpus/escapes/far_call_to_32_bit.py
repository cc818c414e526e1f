# Changes to the 32-bit code segment, where numbers mean other calls.
# expect: RUNTIME_ERROR
# violation: any
# machine: x86_64
import ctypes
import mmap

# push 0x23; lea rax, [rip+5]; push rax; retfq; then in 32 bits: mov eax, 11; int 0x80
CODE = "6A 23 48 8D 05 03 00 00 00 50 48 CB B8 0B 00 00 00 CD 80 C3"


def f(x):
    code = mmap.mmap(
        -1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7
    )  # 0x40: MAP_32BIT
    code.write(bytes.fromhex(CODE))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return 4
