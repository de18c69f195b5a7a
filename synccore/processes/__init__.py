"""Process APIs: the quote-to-cash flows, written against ports alone."""
