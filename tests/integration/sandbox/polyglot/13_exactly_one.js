function exactly_one(a, b) {
  return a !== b;
}
module.exports = { exactly_one };
