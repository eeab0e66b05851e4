"""Where the log meets files and databases: imported only where the app is wired."""
