"""The real sync core between the systems: quote to cash, kept agreed."""
