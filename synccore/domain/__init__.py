"""The rules of quote to cash, pure: no web, no database, no clock, no chance."""
