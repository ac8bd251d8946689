"""What people see of accounts: set-up, projects, members, keys, their profile, the audit log."""
