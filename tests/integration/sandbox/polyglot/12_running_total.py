def running_total(numbers):
    made, total = [], 0
    for number in numbers:
        total += number
        made.append(total)
    return made
