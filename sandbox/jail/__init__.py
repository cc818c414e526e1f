"""What runs inside the jail.

It imports little, and nothing outside the standard library: every module that the zygote loads is
memory that each program's fork must map.
"""
