"""Formulas of validation rules and field updates: a small language over a record, its former state and its parents."""
