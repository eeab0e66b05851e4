"""The way in: HTTP, identity, settings, wiring and the `gobi` command line.

The composition root. It parses requests into domain types, maps every refusal to an RFC 9457
problem, and joins the features in one visible table, since they never import each other. It may
import everything; nothing imports it.
"""
