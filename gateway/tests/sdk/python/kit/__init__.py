"""What the stories are told with: a node, people with the SDK, a bad line between them."""
