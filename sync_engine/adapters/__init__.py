"""Where the ledger meets a database: imported only where the app is wired."""
