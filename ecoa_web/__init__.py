"""The Django project: settings, URLs, accounts, live hints, database."""
