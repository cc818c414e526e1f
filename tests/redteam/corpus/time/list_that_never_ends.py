# Returns a list whose iterator never ends and yields nothing that takes room.
# expect: TIME_LIMIT cpu | WRONG_ANSWER
# violation: no
class Endless(list):
    def __iter__(self):
        while True:
            for _ in ():
                yield


def f(x):
    return Endless()
