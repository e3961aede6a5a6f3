"""What a person reads in English and Korean."""
