"""Sentences about the domain, checked. May import everything; imported by nobody."""
