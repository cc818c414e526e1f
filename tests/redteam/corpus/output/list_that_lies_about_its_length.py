# Returns a list that says it is short and yields for ever.
# expect: OUTPUT_LIMIT | WRONG_ANSWER
# violation: no
# cpu: 5
class Liar(list):
    def __len__(self):
        return 1

    def __iter__(self):
        while True:
            yield 4


def f(x):
    return Liar()
