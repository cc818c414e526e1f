function safe_divide(a, b) {
  return b === 0 ? undefined : a / b;
}
