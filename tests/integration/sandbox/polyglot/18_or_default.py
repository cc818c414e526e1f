def or_default(value, default):
    return default if value is None else value
