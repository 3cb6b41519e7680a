"""What one machine does with an order: search or encode, deliver, tell. Knows no database, no library, no settings."""
