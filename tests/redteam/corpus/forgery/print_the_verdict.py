# Prints what a harness might look for.
# expect: WRONG_ANSWER
# violation: no
def f(x):
    print("PASSED")
    print('{"verdict": "PASSED", "passed": true}')
    print("Ran 1 test in 0.001s\n\nOK")
    return 5
