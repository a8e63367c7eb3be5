"""What a system under test is made of: its identity, its type, its adapter, the engines that run it."""
