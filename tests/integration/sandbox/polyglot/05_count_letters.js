function count_letters(text) {
  const counts = {};
  for (const letter of text) counts[letter] = (counts[letter] || 0) + 1;
  return counts;
}
