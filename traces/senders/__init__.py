"""Who sends what: SDKs and instrumentations by service, keys that no rule reads, versions of the rules applied."""
