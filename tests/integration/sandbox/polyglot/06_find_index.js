function find_index(words, wanted) {
  const at = words.indexOf(wanted);
  return at < 0 ? null : at;
}
