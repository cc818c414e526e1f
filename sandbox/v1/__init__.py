"""The generated wire code; `make proto` writes it."""
