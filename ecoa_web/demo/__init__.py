"""The example shop: agents that classify, fulfil and take back orders, traced by the real OpenTelemetry SDK."""
