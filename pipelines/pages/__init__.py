"""The pages of pipelines, runs, breakers and reviews."""
