"""Words in pieces of a small vocabulary, which the repository ships."""

from policy.text.vocabulary import VOCABULARY, Vocabulary

__all__ = ["VOCABULARY", "Vocabulary"]
