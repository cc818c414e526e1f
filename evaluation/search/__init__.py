"""Search at inference: best of K, beam search and Monte Carlo tree search over edits."""
