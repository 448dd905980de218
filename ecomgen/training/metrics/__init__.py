"""How good pictures are, one measure a file. Each is a plain function of vectors in a judge's feature space."""
