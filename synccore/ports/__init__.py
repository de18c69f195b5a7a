"""The seams of the core: what it needs from time, chance, the network, files, a database and a durable engine."""
