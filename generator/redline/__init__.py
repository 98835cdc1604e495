"""What changed between two texts, found (tokens to diff) and told in every form (reports to comments)."""
