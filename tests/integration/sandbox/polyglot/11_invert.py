def invert(names):
    return {number: name for name, number in names.items()}
