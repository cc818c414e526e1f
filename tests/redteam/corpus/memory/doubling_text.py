# Doubles a text until nothing fits.
# expect: MEMORY_LIMIT
# violation: no
# cpu: 5
def f(x):
    text = "x"
    while True:
        text += text
