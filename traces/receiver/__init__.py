"""The OTLP receiver: HTTP and gRPC in, committed batches in the inbox, an answer after the commit."""
