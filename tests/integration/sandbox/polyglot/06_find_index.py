def find_index(words, wanted):
    return words.index(wanted) if wanted in words else None
