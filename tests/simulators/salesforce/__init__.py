"""Tests of the Salesforce stand-in: rules, queries, errors, and real clients over real sockets."""
