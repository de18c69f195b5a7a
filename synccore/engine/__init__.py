"""What makes the core durable: the database, its stores, the dispatcher and the DBOS engine."""
