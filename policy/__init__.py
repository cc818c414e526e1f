"""What to write next: grammar, spec encoding, the HRM network and sampling."""
