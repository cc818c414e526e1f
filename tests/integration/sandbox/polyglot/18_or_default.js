const or_default = (value, otherwise) => value ?? otherwise;
