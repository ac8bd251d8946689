"""What people see of traces: one module a page."""
