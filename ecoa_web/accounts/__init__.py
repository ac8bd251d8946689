"""Users, projects, memberships, API keys, sign-in, audit."""
