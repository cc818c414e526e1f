function reverse_words(text) {
  return text.split(' ').reverse().join(' ');
}
