"""What a model call cost: the project's own prices first, then genai-prices', exact to the last digit."""
