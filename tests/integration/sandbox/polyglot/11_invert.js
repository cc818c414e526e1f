function invert(names) {
  return new Map([...names].map(([name, number]) => [number, name]));
}
