"""Made by protoc; tests/repo/test_generated.py writes it."""
