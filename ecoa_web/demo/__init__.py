"""The example shop: agents that classify, fulfil and take back orders, run by the engine that ECOA brings."""
