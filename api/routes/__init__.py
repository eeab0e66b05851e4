"""The routes, by what they are about. A handler reads the request, asks the ledger, and says the answer."""
