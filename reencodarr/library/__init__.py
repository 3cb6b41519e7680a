"""What is known and wanted: tables, states, scans, results, the ledger. The only room that knows the database."""
