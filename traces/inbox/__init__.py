"""The inbox: request bodies as acknowledged, and the queue that workers claim from."""
