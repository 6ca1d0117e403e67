"""Collections of garments: their pictures indexed, searched by a sentence, and worn."""
