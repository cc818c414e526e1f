def swap_pairs(pairs):
    return [(name, number) for number, name in pairs]
