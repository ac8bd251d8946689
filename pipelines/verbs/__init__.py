"""Every change that people and machines make to runs, reviews and breakers; pages and the API call the same ones."""
