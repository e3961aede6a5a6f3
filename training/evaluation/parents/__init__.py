"""Labels with parents: how right an answer is at each level, and what backing off gains."""
