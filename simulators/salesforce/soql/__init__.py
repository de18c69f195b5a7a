"""SOQL: shape, grammar, compiler to SQL over the store, and the runner that pages and projects."""
