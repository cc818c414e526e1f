# Holds nothing at all.
# expect: RUNTIME_ERROR defines no f
# violation: no
# build: $EACH
# each: {"empty": "''", "blank": "' \\n' * 1000", "comment": "'#'", "form feeds": "chr(12) * 10_000"}
