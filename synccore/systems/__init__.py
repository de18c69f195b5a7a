"""System APIs: each adapter speaks one vendor and answers in the domain's terms."""
