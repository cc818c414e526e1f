"""What runs inside the jail. Imports nothing outside the standard library's core: every module
that the zygote loads is memory that each program's fork must map.
"""
