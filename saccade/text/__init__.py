"""Text: extracting and comparing answers, and the dialects in which models write calls."""
