"""Why something was suggested, in plain words: facts in, sentences out, in English and Korean."""
