"""One script for each released schema; a released one is never edited."""
