bool exactly_one(bool a, bool b) {
    return a != b;
}
