const scale = (values, factor) => values.map((value) => value * factor);
