"""What the API itself keeps beside the ledger: one-time codes, evidence; and how it reads the folded rows."""
