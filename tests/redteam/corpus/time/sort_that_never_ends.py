# Sorts by a comparison that spins.
# expect: TIME_LIMIT cpu
# violation: no
class Item:
    def __lt__(self, other):
        while True:
            pass


def f(x):
    return sorted([Item(), Item()])
