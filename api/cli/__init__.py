"""The `gobi` command: one module per subcommand, each with examples in its help."""
