def positive(numbers):
    return [number > 0 for number in numbers]
