"""Tests of the cloud ERP."""
